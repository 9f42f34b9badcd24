#!/bin/sh
# A container engine for the tests, where none answers: Debian's, started here and ended by its own process id.
#
#   engine.sh start    install docker.io if there is no dockerd, start it in the background, wait until it answers
#   engine.sh stop     end the one that `start` started; leave any other alone
#
# Needs root, and apt-get where dockerd has to be installed.
set -eu

pid_file=/var/run/mlflow-azure-dockerd.pid
log=/var/log/mlflow-azure-dockerd.log

answers() {
    docker version >/dev/null 2>&1
}

ours() {
    [ -f "$pid_file" ] && [ "$(cat "/proc/$(cat "$pid_file")/comm" 2>/dev/null)" = dockerd ]
}

start() {
    if answers; then
        echo "A container engine answers."
        return
    fi
    command -v dockerd >/dev/null || {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io iptables
    }
    # Out of this process group, so that an interrupt of the tests does not end it before the containers.
    setsid dockerd --pidfile "$pid_file" >"$log" 2>&1 </dev/null &
    tries=60
    until answers; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ]; then
            echo "dockerd does not answer; the end of $log:" >&2
            tail -n 5 "$log" >&2
            exit 1
        fi
        sleep 1
    done
    echo "A container engine was started (process $(cat "$pid_file"))."
}

stop() {
    ours || return 0
    pid=$(cat "$pid_file")
    kill "$pid"
    while [ -d "/proc/$pid" ]; do sleep 0.2; done
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    *)
        echo "usage: engine.sh start | stop" >&2
        exit 2
        ;;
esac
