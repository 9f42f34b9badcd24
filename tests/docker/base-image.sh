#!/bin/sh
# A stand-in for python:3.11-slim-bookworm, where no public registry can be pulled from: Debian with its own Python.
#
#   base-image.sh TAG    make the image TAG, unless the engine has it
#
# For tests only: never push an image built on it anywhere but to a registry on this machine. Needs root, apt-get where
# debootstrap has to be installed, and a container engine.
set -eu

tag=${1:?usage: base-image.sh TAG}
docker image inspect "$tag" >/dev/null 2>&1 && exit 0

command -v debootstrap >/dev/null || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends debootstrap
}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

debootstrap --variant=minbase --include=ca-certificates,netbase,python3,python3-venv,tzdata bookworm "$root" >&2

# As in the real one: no compiled modules, no documentation now or later, and a `python` in /usr/local.
cat >"$root/etc/dpkg/dpkg.cfg.d/docker" <<'CONFIG'
path-exclude /usr/share/doc/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
CONFIG
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/info/* "$root"/usr/share/locale/* "$root"/usr/share/man/* \
    "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*.log "$root"/var/log/apt
find "$root/usr/lib" -name __pycache__ -prune -exec rm -r {} +
for name in python python3 python3.11; do
    ln -s /usr/bin/python3.11 "$root/usr/local/bin/$name"
done

tar -C "$root" --numeric-owner -c . |
    docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' \
        --change 'CMD ["python3"]' - "$tag"
