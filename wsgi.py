"""The WSGI entry point for `gunicorn wsgi:app` and `flask --app wsgi …`. `python wsgi.py` starts the server."""

import logging
import sys

from shortener import create_app
from shortener.cli.commands import SETTINGS
from shortener.errors import SettingsError
from shortener.running import serve
from shortener.vendors import gateways

# Background work, such as attempts of callbacks, is logged where the server logs.
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
logging.getLogger("shortener").setLevel(logging.INFO)

if __name__ == "__main__":
    serve.main(gateways())
    sys.exit()

try:
    app = create_app()
except SettingsError as error:
    sys.stderr.write(f"Error: {error}\n")
    sys.exit(SETTINGS)
