"""The WSGI entry point for `gunicorn wsgi:app` and `flask --app wsgi …`. `python wsgi.py` starts the server."""

import logging
import sys

from shortener import create_app
from shortener.cli.commands import SETTINGS
from shortener.errors import SettingsError
from shortener.serve import serve

# Background work, such as attempts of callbacks, is logged where the server logs.
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
logging.getLogger("shortener").setLevel(logging.INFO)

if __name__ == "__main__":
    serve(prog_name="python wsgi.py")

try:
    app = create_app()
except SettingsError as error:
    sys.stderr.write(f"Error: {error}\n")
    sys.exit(SETTINGS)
