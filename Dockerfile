FROM python:3.11-slim AS build
COPY requirements.txt .
RUN python -m venv /opt/shortener \
 && /opt/shortener/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM python:3.11-slim
# A numeric user, so that orchestrators can check that it is not root.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin shortener \
 && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/shortener /opt/shortener
WORKDIR /app
COPY wsgi.py gunicorn.conf.py ./
COPY templates templates
COPY shortener shortener
RUN printf '#!/opt/shortener/bin/python\nimport sys\nsys.path[0] = "/app"\nfrom shortener.__main__ import main\nmain()\n' \
      > /opt/shortener/bin/shortener && chmod 755 /opt/shortener/bin/shortener
ENV PATH=/opt/shortener/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SHORTENER_BIND=0.0.0.0:8000 \
    SHORTENER_DATA=/data
RUN python -m compileall -q wsgi.py shortener
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import http.client, os, sys; \
port = int(os.environ['SHORTENER_BIND'].rpartition(':')[2]); \
connection = http.client.HTTPConnection('127.0.0.1', port, timeout=4); \
connection.request('GET', '/healthz'); \
sys.exit(connection.getresponse().status != 200)"]
# `exec` makes the server process 1, so that it receives SIGTERM.
CMD ["sh", "-c", "shortener first-start && exec shortener serve"]
