# One image for web, worker, beat and the one-shot jobs; docker-compose.yml says which command each runs.
FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LOYALTY_ENV=production
# A new volume takes the owner of the folder that it is mounted over.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin loyalty && install -d -o 10001 -g 10001 /seals
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# Hashed and compressed once, at build time; the only commands that need no secret.
RUN python manage.py collectstatic --no-input
USER 10001:10001
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "loyalty.wsgi:application"]
