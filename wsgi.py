"""The WSGI entry point: `gunicorn wsgi:app`, `flask --app wsgi …`. `python wsgi.py` is `python -m shortener.serve`."""

import logging
import sys

from shortener import create_app
from shortener.cli.base import SETTINGS
from shortener.errors import SettingsError
from shortener.running import serve

# What the product does on its own, such as each attempt of a callback, is written where the server writes.
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
logging.getLogger("shortener").setLevel(logging.INFO)

if __name__ == "__main__":
    serve.main()

try:
    app = create_app()
except SettingsError as error:
    sys.stderr.write(f"Error: {error}\n")
    sys.exit(SETTINGS)
