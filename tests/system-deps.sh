#!/bin/sh
# Installs the Debian packages that some tests and the benchmarks use. Without apt it says so and goes on.
set -eu
packages="goaccess mtail lnav systemd systemd-journal-remote prometheus prometheus-alertmanager chromium"
missing=""
for package in $packages; do
    case "$package" in
        systemd) there=$(command -v systemd-analyze || true) ;;
        systemd-journal-remote) there=$(ls /lib/systemd/systemd-journal-remote 2>/dev/null || true) ;;
        prometheus) there=$(command -v promtool || true) ;;
        *) there=$(command -v "$package" || true) ;;
    esac
    [ -n "$there" ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "system-deps: all there ($packages)"
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "system-deps: no apt-get here; not installed:$missing (tests that need them are skipped)"
    exit 0
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # one word per package
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
