"""How gunicorn serves MLflow. startup.sh has checked the variables that are read here."""

import os

from gunicorn.workers import gthread

_host = os.environ["MLFLOW_SERVER_HOST"]
_address = f"[{_host}]" if ":" in _host else _host
bind = f"{_address}:{os.environ['MLFLOW_SERVER_PORT']}"
workers = int(os.environ["MLFLOW_SERVER_WORKERS"])

# A synchronous worker is killed when one download takes longer than `timeout`, and until then it serves
# nobody else; a connection that a browser opens and does not use holds it up as well.
worker_class = "gthread"
threads = 8

# MLflow is imported, and its store made ready, once, before the workers are forked.
preload_app = True

# A stop waits for running requests, but `docker stop` and App Service kill what has not ended after 10 seconds.
# It waits as well for connections that stay open unused: by default 2 seconds after, and 5 before a request.
graceful_timeout = 8
keepalive = 1
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.5

# App Service's front ends TLS and says so in X-Forwarded-Proto; its address is not known beforehand.
forwarded_allow_ips = "*"

accesslog = "-"
control_socket_disable = True
