#!/bin/sh
# Becomes nginx, with a configuration written from the variables that docs/docker.md lists, or with the one that a user
# has mounted. Runs in busybox's shell and in dash.
#
# No value can say more than it should: each consists of the characters that its kind allows, and none of these means
# anything to nginx inside quotes. What is not understood stops the container, with all problems named at once.
set -euf
LC_ALL=C
export LC_ALL

readonly PARTS=/opt/phantom_token
readonly CONF=/etc/nginx/nginx.conf
readonly WRITTEN=/tmp/nginx.conf
readonly DNS_TIMEOUT_SEC=5
# Docker's DNS says 600 seconds of an address that a new container may have in one.
readonly DNS_VALID_SEC=10

say() {
  printf 'phantom-token: %s\n' "$1" >&2
}

problems=''

# problem NAME TEXT
problem() {
  problems="$problems  $1 $2
"
}

main() {
  if [ "${1:-}" != nginx ]; then
    exec "$@"
  fi
  if is_own_conf; then
    say "$CONF is yours: it is used as it is, and no variable is read"
  else
    write_conf
  fi
  exec "$@"
}

is_own_conf() {
  [ "$(cat "$CONF")" != "$(cat "$PARTS/nginx.conf")" ]
}

write_conf() {
  read_settings
  [ -z "$problems" ] || stop
  read_dns
  find_servers
  [ -z "$problems" ] || stop
  report
  fill_in <"$PARTS/nginx.conf.template" 2>/dev/null >"$WRITTEN" || {
    say "cannot write $WRITTEN: a read-only container needs --tmpfs /tmp"
    exit 1
  }
}

stop() {
  printf 'phantom-token: the gateway does not start:\n%s' "$problems" >&2
  say 'docs/docker.md lists the variables'
  exit 1
}

# --- the variables ---

read_settings() {
  read_url INTROSPECTION_URL https://login.example.com/oauth/introspect || true
  INTROSPECTION_PATH=${URL_PATH:-/}
  take_url INTROSPECTION
  if read_url UPSTREAM_URL http://api:8080 && [ -n "${URL_PATH%/}" ]; then
    problem UPSTREAM_URL 'takes no path: requests keep their own'
  fi
  take_url UPSTREAM

  read_text CLIENT_ID required
  read_text AUDIENCE optional
  read_text ISSUER optional
  read_scopes
  read_secret_file
  read_ca_file INTROSPECTION_CA_FILE "$INTROSPECTION_SCHEME"
  read_ca_file UPSTREAM_CA_FILE "$UPSTREAM_SCHEME"

  # nginx as root gives its workers another user, who may not read the secret: that would show at the first request.
  [ "$(id -u)" != 0 ] || problem --user 'must not be 0: the gateway does not run as root'

  read_port LISTEN_PORT 8080
  read_port MANAGEMENT_PORT 8090
  [ "$LISTEN_PORT" != "$MANAGEMENT_PORT" ] || problem MANAGEMENT_PORT 'must not be LISTEN_PORT'
  read_worker_processes
}

# value NAME: its value; unset is empty
value() {
  eval "printf '%s.' \"\${$1-}\""
}

# read_value NAME: into $VALUE, line breaks at its end included
read_value() {
  VALUE=$(value "$1")
  VALUE=${VALUE%.}
}

# read_text NAME required|optional
read_text() {
  read_value "$1"
  case $VALUE in
    '') [ "$2" = optional ] || problem "$1" 'is missing' ;;
    *[!A-Za-z0-9._~:/?#@!\&*+,=%-]*) problem "$1" 'may hold letters, digits and ._~:/?#@!&*+,=%- only' ;;
  esac
  export "$1=$VALUE"
}

read_scopes() {
  read_value REQUIRED_SCOPES
  case $VALUE in
    *[!A-Za-z0-9._~:/?#@!\&*+,=%\ -]*)
      problem REQUIRED_SCOPES 'may hold scopes of letters, digits and ._~:/?#@!&*+,=%- only, separated by spaces'
      ;;
    *[!\ ]* | '') ;;
    *) problem REQUIRED_SCOPES 'holds spaces only' ;;
  esac
  export REQUIRED_SCOPES="$VALUE"
}

read_port() {
  read_value "$1"
  is_port "${VALUE:-$2}" || problem "$1" 'must be a port, 1 to 65535'
  export "$1=${VALUE:-$2}"
}

is_port() {
  case $1 in
    '' | 0* | *[!0-9]* | ??????*) return 1 ;;
  esac
  [ "$1" -le 65535 ]
}

read_worker_processes() {
  read_value WORKER_PROCESSES
  case $VALUE in
    '' | auto | [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) ;;
    *) problem WORKER_PROCESSES 'must be auto or a number, 1 to 999' ;;
  esac
  export WORKER_PROCESSES="${VALUE:-auto}"
}

read_secret_file() {
  [ -z "${CLIENT_SECRET+set}" ] ||
    problem CLIENT_SECRET 'is not read, since docker inspect shows it: put the secret into a file, named by CLIENT_SECRET_FILE'
  read_value CLIENT_SECRET_FILE
  if [ -z "$VALUE" ]; then
    problem CLIENT_SECRET_FILE 'is missing'
  elif check_file CLIENT_SECRET_FILE && [ ! -s "$VALUE" ]; then
    problem CLIENT_SECRET_FILE "names $VALUE, which is empty"
  fi
  export CLIENT_SECRET_FILE="$VALUE"
}

# read_ca_file NAME SCHEME: PEM certificates; those of the system unless given
read_ca_file() {
  read_value "$1"
  if [ -n "$VALUE" ]; then
    check_file "$1" || true
  else
    VALUE=$(system_ca_file) || [ "$2" != https ] || problem "$1" 'is missing: this image has no certificates of its own'
  fi
  export "$1=$VALUE"
}

system_ca_file() {
  for file in /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem; do
    if [ -s "$file" ]; then
      echo "$file"
      return 0
    fi
  done
  return 1
}

# check_file NAME: whether $VALUE names a file that can be read
check_file() {
  case $VALUE in
    *[!A-Za-z0-9._/-]*) problem "$1" 'may hold letters, digits and ._/- only' ;;
    /*)
      if [ -d "$VALUE" ]; then
        problem "$1" "names $VALUE, which is a folder: Docker makes one when the mounted file is not on the host"
      elif [ ! -e "$VALUE" ]; then
        problem "$1" "names $VALUE, which is not there: mount it"
      elif [ ! -r "$VALUE" ]; then
        problem "$1" "names $VALUE, which user $(id -u) may not read: run with --user and the id of its owner"
      else
        return 0
      fi
      ;;
    *) problem "$1" 'must be an absolute path' ;;
  esac
  return 1
}

# read_url NAME EXAMPLE: into URL_SCHEME, URL_NAME (the host), URL_PORT (never empty), URL_HOST (as in the header
# Host) and URL_PATH; whether it is one
read_url() {
  URL_SCHEME='' URL_NAME='' URL_PORT='' URL_HOST='' URL_PATH=''
  read_value "$1"
  if [ -z "$VALUE" ]; then
    problem "$1" 'is missing'
  elif split_url; then
    return 0
  else
    problem "$1" "must look like $2: http or https, a host, perhaps a port; no user, no quotes, spaces or \$"
  fi
  return 1
}

split_url() {
  case $VALUE in
    http://*) URL_SCHEME=http default_port=80 ;;
    https://*) URL_SCHEME=https default_port=443 ;;
    *) return 1 ;;
  esac
  rest=${VALUE#*://}
  URL_HOST=${rest%%[/?#]*}
  URL_PATH=${rest#"$URL_HOST"}
  case $URL_HOST in
    \[*\]*) URL_NAME=${URL_HOST%%\]*}] ;;
    *) URL_NAME=${URL_HOST%%:*} ;;
  esac
  URL_PORT=${URL_HOST#"$URL_NAME"}
  is_host "$URL_NAME" && is_path "$URL_PATH" || return 1
  case $URL_PORT in
    '') URL_PORT=$default_port ;;
    :*)
      URL_PORT=${URL_PORT#:}
      is_port "$URL_PORT" || return 1
      ;;
    *) return 1 ;;
  esac
  # As every HTTP client does (RFC 9110 §7.2): the port only where it is not the scheme's.
  [ "$URL_PORT" = "$default_port" ] && URL_HOST=$URL_NAME || URL_HOST=$URL_NAME:$URL_PORT
}

is_host() {
  case $1 in
    \[*[!0-9A-Fa-f:.]*\] | \[\]) return 1 ;;
    \[*\]) ;;
    '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]* | *..* | *.) return 1 ;;
  esac
}

is_path() {
  case $1 in
    *[!A-Za-z0-9._~:/?@!\&*+,=%-]*) return 1 ;;
    '' | /*) ;;
    *) return 1 ;;
  esac
}

# take_url PREFIX: the parts under names of their own
take_url() {
  export "$1_SCHEME=$URL_SCHEME" "$1_NAME=$URL_NAME" "$1_PORT=$URL_PORT" "$1_HOST=$URL_HOST"
}

# --- where the two servers are ---

# What the system's own resolver would do is followed as far as nginx can: it asks DNS while it runs, but knows neither
# /etc/hosts nor search domains.
find_servers() {
  find_server INTROSPECTION_URL "$INTROSPECTION_NAME" "$INTROSPECTION_PORT"
  INTROSPECTION_SERVER=$SERVER INTROSPECTION_FOUND=$FOUND
  find_server UPSTREAM_URL "$UPSTREAM_NAME" "$UPSTREAM_PORT"
  UPSTREAM_SERVER=$SERVER UPSTREAM_FOUND=$FOUND
  RESOLVER=''
  case "$INTROSPECTION_SERVER $UPSTREAM_SERVER" in
    *' resolve'*) RESOLVER="resolver$nameservers valid=${DNS_VALID_SEC}s$(ipv6_of_resolver); resolver_timeout ${DNS_TIMEOUT_SEC}s;" ;;
  esac
  LISTEN_PORT_IPV6='' MANAGEMENT_PORT_IPV6=''
  if [ -e /proc/net/if_inet6 ]; then
    LISTEN_PORT_IPV6="listen [::]:$LISTEN_PORT;" MANAGEMENT_PORT_IPV6="listen [::]:$MANAGEMENT_PORT;"
  fi
  export INTROSPECTION_PATH INTROSPECTION_SERVER UPSTREAM_SERVER RESOLVER LISTEN_PORT_IPV6 MANAGEMENT_PORT_IPV6
}

# find_server VARIABLE HOST PORT: into SERVER (for nginx) and FOUND (for the reader)
find_server() {
  SERVER=$2:$3
  if is_address "$2"; then
    FOUND='an address'
  elif is_in_hosts_file "$2"; then
    FOUND="$2 is in /etc/hosts: its address is that of now, until a reload"
  elif [ -z "$nameservers" ]; then
    FOUND=''
    problem "$1" "names $2, which is not in /etc/hosts, and /etc/resolv.conf has no DNS server"
  elif find_in_dns "$2"; then
    SERVER="$DNS_NAME:$3 resolve"
    FOUND="$DNS_NAME is in DNS, which is asked again every $DNS_VALID_SEC seconds"
  else
    SERVER="$2:$3 resolve"
    FOUND="$2 is not in DNS yet: 502 until it is; asked again every $DNS_VALID_SEC seconds"
  fi
}

is_address() {
  case $1 in
    \[*) ;;
    *[!0-9.]*) return 1 ;;
  esac
}

is_in_hosts_file() {
  [ -r /etc/hosts ] || return 1
  while read -r address names || [ -n "$address" ]; do
    case $address in '#'*) continue ;; esac
    for name in ${names%%#*}; do
      [ "$name" != "$1" ] || return 0
    done
  done </etc/hosts
  return 1
}

# Of /etc/resolv.conf: the servers as nginx writes them, the search domains, and from how many dots on a name is asked
# for as it stands first (resolv.conf(5)).
read_dns() {
  nameservers='' search='' ndots=1
  [ -r /etc/resolv.conf ] || return 0
  while read -r keyword rest || [ -n "$keyword" ]; do
    case $keyword in
      nameserver) add_nameserver "${rest%%[ #;]*}" ;;
      search | domain) search=$rest ;;
      options) read_dns_options "$rest" ;;
    esac
  done </etc/resolv.conf
}

add_nameserver() {
  case $1 in
    '' | *[!0-9A-Fa-f:.]*) ;; # an address with a zone (fe80::1%eth0) is none that nginx knows
    *:*) nameservers="$nameservers [$1]" ;;
    *) nameservers="$nameservers $1" ;;
  esac
}

read_dns_options() {
  for option in $1; do
    case $option in
      ndots:[0-9] | ndots:1[0-5]) ndots=${option#ndots:} ;;
    esac
  done
}

# find_in_dns NAME: into DNS_NAME, with the search domain with which it was found
find_in_dns() {
  searched=''
  for domain in $search; do
    is_host "${domain%.}" && searched="$searched $1.${domain%.}"
  done
  if [ "$(count_dots "$1")" -ge "$ndots" ]; then names="$1$searched"; else names="$searched $1"; fi
  began_sec=$(date +%s)
  for DNS_NAME in $names; do
    # The dot at its end says that the name is complete: no /etc/hosts, no search domain.
    ! RES_OPTIONS='timeout:2 attempts:1' getent hosts "$DNS_NAME." >/dev/null || return 0
    # No answer is not worth the wait for every search domain.
    [ $(($(date +%s) - began_sec)) -lt "$DNS_TIMEOUT_SEC" ] || return 1
  done
  return 1
}

count_dots() (
  IFS=.
  # shellcheck disable=SC2086  # split at the dots
  set -- $1
  echo $(($# - 1))
)

# A container without an IPv6 address of its own has no use for those of others: nginx would try them first.
ipv6_of_resolver() {
  if [ -r /proc/net/if_inet6 ]; then
    while read -r _ _ _ scope _; do
      [ "$scope" != 00 ] || return 0
    done </proc/net/if_inet6
  fi
  echo ' ipv6=off'
}

# --- what comes of it ---

report() {
  say "authorization server: $INTROSPECTION_SCHEME://$INTROSPECTION_HOST$INTROSPECTION_PATH, as client $CLIENT_ID; $INTROSPECTION_FOUND"
  say "API: $UPSTREAM_SCHEME://$UPSTREAM_HOST; $UPSTREAM_FOUND"
  say "required scopes: ${REQUIRED_SCOPES:-none}; audience: ${AUDIENCE:-any}; issuer: ${ISSUER:-any}"
  [ "$INTROSPECTION_SCHEME" = https ] ||
    say 'INTROSPECTION_URL is http: tokens and the client secret can be read on the way'
}

# In one pass, so that nothing in a value is filled in again.
fill_in() {
  awk '{
    done = ""
    rest = $0
    while (match(rest, /@[A-Z0-9_]+@/)) {
      done = done substr(rest, 1, RSTART - 1) ENVIRON[substr(rest, RSTART + 1, RLENGTH - 2)]
      rest = substr(rest, RSTART + RLENGTH)
    }
    print done rest
  }'
}

main "$@"
