"""The WSGI entry point: `gunicorn wsgi:app`, `flask --app wsgi …`."""

import sys

from shortener import create_app
from shortener.errors import SettingsError

try:
    app = create_app()
except SettingsError as error:
    sys.exit(str(error))
