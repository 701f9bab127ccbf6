#!/bin/bash
# Make a streaming standby: a copy of a running primary that follows it from then on.
# Usage: make_standby.sh PRIMARY_URL FOLDER NAME
#   PRIMARY_URL  of a role with REPLICATION, such as postgresql://loyalty_replicator:…@primary:5432/postgres
#   FOLDER       where its data go: absent or empty
#   NAME         how the primary knows it: synchronous_standby_names, pg_stat_replication, its slot
# Then start PostgreSQL on FOLDER. To make it the primary: SELECT pg_promote().
set -euo pipefail
umask 077

url=$1 folder=$2 name=$3
separator='?'
case $url in *\?*) separator='&' ;; esac

# The slot keeps what the standby has yet to read, up to the primary's max_slot_wal_keep_size.
pg_basebackup --dbname "${url}${separator}application_name=${name}" --pgdata "$folder" \
    --checkpoint fast --wal-method stream --create-slot --slot "$name" --write-recovery-conf
