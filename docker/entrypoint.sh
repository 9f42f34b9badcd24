#!/bin/sh
# The first process of a container: where it is root, starts sshd if that is wanted, then stops being root. Ends as
# startup.sh, whose variables it needs.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
as_mlflow="setpriv --reuid=mlflow --regid=mlflow --clear-groups --bounding-set=-all --no-new-privs"

warn() {
    printf 'mlflow: %s\n' "$1" >&2
}

# App settings reach only the first process of a container; the file `environment` hands them to SSH sessions.
start_sshd() {
    umask 077
    {
        mkdir -p /run/sshd /root/.ssh &&
            env -u HOME -u HOSTNAME -u OLDPWD -u PWD -u SHLVL >/root/.ssh/environment &&
            nice -n 19 ssh-keygen -A # takes up to a second of a core that MLflow needs to start
    } >/dev/null 2>&1 || {
        warn "sshd was not started: /root, /etc/ssh or /run cannot be written."
        return
    }
    exec /usr/sbin/sshd -D -e -f "$here/sshd_config"
}

if [ "$(id -u)" -eq 0 ]; then
    if $as_mlflow true 2>/dev/null; then
        if [ "${ENABLE_SSH:-}" = true ] && [ -x /usr/sbin/sshd ]; then
            start_sshd &
        fi
        HOME=/tmp exec $as_mlflow sh "$here/startup.sh"
    fi
    warn "this container may not change users: no sshd, and MLflow runs as root without its capabilities."
fi
exec sh "$here/startup.sh"
