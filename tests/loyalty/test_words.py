"""Every word that a reader can meet has its Chinese, and what is committed is what was compiled."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("script", ["collect_words", "translations"])
def test_the_catalogues_are_complete_and_compiled(script):
    done = subprocess.run(
        [sys.executable, f"deploy/{script}.py", "--check"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")
