#!/bin/sh
# Becomes PostgreSQL, with its data in /data. The role mlflow has the password POSTGRES_PASSWORD from each start on,
# whatever it was in the last run. It goes through pipes: all users see the arguments of a process.
set -eu

data=/data/cluster
set -- /usr/lib/postgresql/*/bin
PATH=$1:$PATH

alone() { # carries out what it reads, before anyone can connect
    postgres --single -D "$1" postgres >/dev/null
}

if [ ! -d "$data" ]; then
    rm -rf /data/new # of a start that was cut off
    echo "$POSTGRES_PASSWORD" | initdb --pgdata /data/new --username mlflow --pwfile /dev/stdin \
        --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 >/dev/null
    echo 'host all all all scram-sha-256' >>/data/new/pg_hba.conf
    echo 'CREATE DATABASE mlflow' | alone /data/new
    mv /data/new "$data"
fi
echo "ALTER ROLE mlflow PASSWORD '$POSTGRES_PASSWORD'" | alone "$data"
unset POSTGRES_PASSWORD
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=
