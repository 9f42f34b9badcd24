"""How gunicorn serves MLflow. startup.sh has checked the variables that are read here."""

import os

_host = os.environ["MLFLOW_SERVER_HOST"]
_address = f"[{_host}]" if ":" in _host else _host
bind = f"{_address}:{os.environ['MLFLOW_SERVER_PORT']}"
workers = int(os.environ["MLFLOW_SERVER_WORKERS"])

# A synchronous worker is killed when one download takes longer than `timeout`, and until then it serves
# nobody else; a connection that a browser opens and does not use holds it up as well.
worker_class = "gthread"
threads = 4

# MLflow is imported, and its store made ready, once, before the workers are forked.
preload_app = True

# `docker stop` and App Service kill what has not ended after 10 seconds.
graceful_timeout = 8

# App Service's front ends TLS and says so in X-Forwarded-Proto; its address is not known beforehand.
forwarded_allow_ips = "*"

accesslog = "-"
control_socket_disable = True
