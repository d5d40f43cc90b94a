#!/bin/sh
# Writes the configuration from the variables that docs/docker.md lists, unless the user has mounted one, and then
# becomes nginx. Runs in busybox's shell and in dash. In this file the variables are named without the prefix.
#
# No value can become configuration: each may have only the characters that its kind allows, and none of these has a
# meaning for nginx inside quotes. A value that is not understood stops the container, and all problems are named at
# once.
set -euf
LC_ALL=C
export LC_ALL

readonly PREFIX=PHANTOM_TOKEN_
readonly PARTS=/opt/phantom_token
readonly CONF=/etc/nginx/nginx.conf
readonly WRITTEN=/tmp/nginx.conf
readonly LIMITS=/etc/nginx/phantom_token/introspection_limits.conf
readonly WRITTEN_LIMITS=/tmp/introspection_limits.conf
# The time that introspection_limits.conf allows before the wait for the answer: a first try that fails, connecting,
# writing.
readonly BEFORE_READING_SEC=4
readonly DNS_TIMEOUT_SEC=5
# Docker's DNS says that an address is valid for 600 seconds, but a new container may get it within a second.
readonly DNS_VALID_SEC=10
# The largest value that the script's settings accept.
readonly YEAR_SEC=31536000
readonly MINT_TTL_MIN_SEC=60
readonly MINT_TTL_MAX_SEC=86400
readonly DPOP_MAX_AGE_MAX_SEC=3600
# Where the gateway publishes the keys with which it signs.
readonly MINT_JWKS_PATH=/.well-known/jwks.json

say() {
  printf 'phantom-token: %s\n' "$1" >&2
}

# shellcheck source=docker/values.sh
. "$PARTS/values.sh"

problems=''
# The full names that are read, and the names that are set without the prefix.
known='' unprefixed=''

# problem NAME TEXT
problem() {
  add_problem "$PREFIX$1 $2"
}

add_problem() {
  problems="$problems  $1
"
}

main() {
  case ${1:-} in
    nginx) ;;
    --version)
      print_version
      exit
      ;;
    *) exec "$@" ;;
  esac
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

print_version() {
  version=$(awk -F '"' '$2 == "version" { print $4 }' "$PARTS/package.json")
  nginx_version=$(nginx -v 2>&1)
  echo "njs-phantom-token $version (nginx ${nginx_version##*/}, $(cat "$PARTS/njs_version"))"
}

write_conf() {
  read_settings
  find_unknown
  [ -z "$problems" ] || stop
  read_dns
  find_servers
  [ -z "$problems" ] || stop
  report
  write_limits && fill_in <"$PARTS/nginx.conf.template" 2>/dev/null >"$WRITTEN" || {
    say "cannot write $WRITTEN: a read-only container needs --tmpfs /tmp"
    exit 1
  }
}

# The file of limits, shipped or mounted, with the time of INTROSPECTION_TIMEOUT.
write_limits() {
  export INTROSPECTION_LIMITS="$LIMITS"
  [ -n "$INTROSPECTION_TIMEOUT" ] || return 0
  INTROSPECTION_LIMITS=$WRITTEN_LIMITS
  sed -e "s/^set \$phantom_introspection_limit .*/set \$phantom_introspection_limit $INTROSPECTION_TIMEOUT;/" \
    -e "s/^proxy_read_timeout .*/proxy_read_timeout $((INTROSPECTION_TIMEOUT - BEFORE_READING_SEC))s;/" \
    "$LIMITS" 2>/dev/null >"$WRITTEN_LIMITS"
}

stop() {
  printf 'phantom-token: the gateway does not start:\n%s' "$problems" >&2
  report_unprefixed
  say 'docs/docker.md lists the variables'
  exit 1
}

# --- the variables ---

read_settings() {
  read_servers
  read_text CLIENT_ID required
  read_secret_file
  read_introspection_timeout
  read_form_fields INTROSPECTION_PARAMETERS
  read_media_type INTROSPECTION_ACCEPT
  read_text JWT_FIELD optional

  read_words REQUIRED_SCOPES scopes
  read_text AUDIENCE optional
  read_text ISSUER optional
  read_choice ACCEPT_JWT off on
  read_mint
  check_verification
  read_seconds CLOCK_SKEW
  read_choice CACHE_CONTROL obey ignore
  read_seconds CACHE_TTL
  read_seconds STALE_IF_ERROR
  read_public_paths

  read_size MAX_BODY_SIZE 1m
  read_websocket
  read_seconds UPSTREAM_READ_TIMEOUT 60
  [ "$UPSTREAM_READ_TIMEOUT" != 0 ] || problem UPSTREAM_READ_TIMEOUT 'must not be 0'
  read_addresses TRUSTED_PROXIES
  read_addresses PURGE_ALLOW
  read_sender_constraint
  read_resource_metadata
  TRUSTED_RULES=$(print_each '%s yes; ' "$TRUSTED_PROXIES")
  PURGE_RULES=$(print_each 'allow %s; ' "$PURGE_ALLOW")
  export TRUSTED_RULES PURGE_RULES

  # As root, nginx gives its workers another user, who may not be able to read the secret. That would show only at the
  # first request.
  [ "$(id -u)" != 0 ] || add_problem '--user must not be 0: the gateway does not run as root'

  read_port LISTEN_PORT 8080
  read_port MANAGEMENT_PORT 8090
  [ "$LISTEN_PORT" != "$MANAGEMENT_PORT" ] || problem MANAGEMENT_PORT "must not be ${PREFIX}LISTEN_PORT"
  read_worker_processes
}

read_servers() {
  read_url INTROSPECTION_URL https://login.example.com/oauth/introspect || true
  INTROSPECTION_PATH=${URL_PATH:-/}
  take_url INTROSPECTION
  if read_url UPSTREAM_URL http://api:8080 && [ -n "${URL_PATH%/}" ]; then
    problem UPSTREAM_URL 'takes no path: requests keep their own'
  fi
  take_url UPSTREAM
  read_jwks_url
  case "$INTROSPECTION_SCHEME $JWKS_SCHEME" in
    *https*) read_ca_file INTROSPECTION_CA_FILE https ;;
    *) read_ca_file INTROSPECTION_CA_FILE http ;;
  esac
  read_ca_file UPSTREAM_CA_FILE "$UPSTREAM_SCHEME"
}

# The keys of the authorization server; without them JWKS_NAME is empty, and so the template has no location for them.
read_jwks_url() {
  read_optional_url JWKS_URL https://login.example.com/jwks || true
  JWKS_PATH=${URL_PATH:-/} JWKS_LOCATION=''
  [ -z "$URL_NAME" ] || JWKS_LOCATION=/_phantom_token_jwks
  export JWKS_PATH JWKS_LOCATION
  take_url JWKS
}

# Reads all of them in any case, so that none is taken for an unknown one.
read_mint() {
  read_choice MINT off missing always
  read_mint_key
  read_text MINT_ISSUER optional
  read_words MINT_AUDIENCE audiences
  read_words MINT_CLAIMS claims
  ! names_own_claim "$MINT_CLAIMS" || problem MINT_CLAIMS "must not name $OWN_CLAIM, which the gateway sets itself"
  read_mint_ttl
  MINT_JWKS=''
  case $MINT in
    missing | always)
      MINT_JWKS=$MINT_JWKS_PATH
      [ -n "$MINT_KEY_FILE" ] || problem MINT_KEY_FILE "is missing: ${PREFIX}MINT=$MINT signs with this key"
      [ -n "$MINT_ISSUER" ] || problem MINT_ISSUER "is missing: ${PREFIX}MINT=$MINT signs as this issuer"
      ;;
    off)
      for name in MINT_KEY_FILE MINT_ISSUER MINT_AUDIENCE MINT_CLAIMS MINT_TTL; do
        [ "$(value "$PREFIX$name")" = . ] || problem "$name" "has no effect: set ${PREFIX}MINT to missing or always"
      done
      ;;
  esac
  export MINT_JWKS
}

read_mint_key() {
  refuse_secret MINT_KEY key MINT_KEY_FILE
  read_value MINT_KEY_FILE
  [ -z "$VALUE" ] || check_filled_file MINT_KEY_FILE
  export MINT_KEY_FILE="$VALUE"
}

read_mint_ttl() {
  read_value MINT_TTL
  [ -z "$VALUE" ] || { is_number "$VALUE" "$MINT_TTL_MAX_SEC" && [ "$VALUE" -ge "$MINT_TTL_MIN_SEC" ]; } ||
    problem MINT_TTL "must be a whole number of seconds from $MINT_TTL_MIN_SEC to $MINT_TTL_MAX_SEC, without a unit"
  export MINT_TTL="$VALUE"
}

# What tokens that are bound to a key need. Reads all of them in any case, as read_mint does.
read_sender_constraint() {
  read_choice SENDER_CONSTRAINT refuse verify require
  read_dpop_origin
  read_dpop_max_age
  read_choice DPOP_NONCE off on
  read_caller_certificate_header
  case $SENDER_CONSTRAINT in
    verify | require)
      [ -n "$DPOP_ORIGIN$CALLER_CERTIFICATE_HEADER" ] ||
        problem DPOP_ORIGIN "is missing: ${PREFIX}SENDER_CONSTRAINT=$SENDER_CONSTRAINT needs it, or ${PREFIX}CALLER_CERTIFICATE_HEADER"
      ;;
    refuse)
      for name in DPOP_ORIGIN CALLER_CERTIFICATE_HEADER; do
        [ "$(value "$PREFIX$name")" = . ] ||
          problem "$name" "has no effect: set ${PREFIX}SENDER_CONSTRAINT to verify or require"
      done
      ;;
  esac
  for name in DPOP_MAX_AGE DPOP_NONCE; do
    [ -n "$DPOP_ORIGIN" ] || [ "$(value "$PREFIX$name")" = . ] ||
      problem "$name" "has no effect: set ${PREFIX}DPOP_ORIGIN"
  done
}

read_dpop_origin() {
  if read_optional_url DPOP_ORIGIN https://api.example.com && [ -n "$URL_PATH" ]; then
    problem DPOP_ORIGIN 'takes no path: it is what comes before the path in the URLs that clients use'
  fi
  export DPOP_ORIGIN="$VALUE"
}

read_dpop_max_age() {
  read_value DPOP_MAX_AGE
  [ -z "$VALUE" ] || { is_number "$VALUE" "$DPOP_MAX_AGE_MAX_SEC" && [ "$VALUE" != 0 ]; } ||
    problem DPOP_MAX_AGE "must be a whole number of seconds from 1 to $DPOP_MAX_AGE_MAX_SEC, without a unit"
  export DPOP_MAX_AGE="$VALUE"
}

# CALLER_CERTIFICATE is what nginx makes of that header, empty when no proxy has sent it.
read_caller_certificate_header() {
  read_value CALLER_CERTIFICATE_HEADER
  CALLER_CERTIFICATE=''
  if [ -n "$VALUE" ]; then
    is_header_name "$VALUE" || problem CALLER_CERTIFICATE_HEADER 'must be the name of a header, of letters, digits and -'
    [ -n "$TRUSTED_PROXIES" ] ||
      problem TRUSTED_PROXIES "is missing: only from these proxies ${PREFIX}CALLER_CERTIFICATE_HEADER counts"
    CALLER_CERTIFICATE="\$http_$(printf '%s' "$VALUE" | tr 'A-Z-' 'a-z_')"
  fi
  export CALLER_CERTIFICATE_HEADER="$VALUE" CALLER_CERTIFICATE
}

read_resource_metadata() {
  read_optional_url RESOURCE_METADATA https://api.example.com/.well-known/oauth-protected-resource || true
  export RESOURCE_METADATA="$VALUE"
}

# What has to be known to verify a JWT of the authorization server, or that a signed response (RFC 9701) is for us.
check_verification() {
  case $INTROSPECTION_ACCEPT in
    *token-introspection+jwt*) require_for "INTROSPECTION_ACCEPT=$INTROSPECTION_ACCEPT" JWKS_URL ISSUER ;;
  esac
  [ "$ACCEPT_JWT" != on ] || require_for ACCEPT_JWT=on JWKS_URL ISSUER AUDIENCE
}

# require_for CAUSE NAMES...
require_for() {
  cause=$1
  shift
  for name in "$@"; do
    [ "$(value "$PREFIX$name")" != . ] || problem "$name" "is missing: $PREFIX$cause needs it"
  done
}

# value NAME: its value; unset is empty
value() {
  eval "printf '%s.' \"\${$1-}\""
}

# read_value NAME: into $VALUE, line breaks at its end included
read_value() {
  known="$known $PREFIX$1"
  VALUE=$(value "$PREFIX$1")
  VALUE=${VALUE%.}
  [ -n "$VALUE" ] || [ "$(value "$1")" = . ] || unprefixed="$unprefixed $1"
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

# read_words NAME WHAT
read_words() {
  read_value "$1"
  case $VALUE in
    *[!A-Za-z0-9._~:/?#@!\&*+,=%\ -]*)
      problem "$1" "may hold $2 of letters, digits and ._~:/?#@!&*+,=%- only, separated by spaces"
      ;;
    *[!\ ]* | '') ;;
    *) problem "$1" 'holds spaces only' ;;
  esac
  export "$1=$VALUE"
}

# read_choice NAME DEFAULT OTHERS...
read_choice() {
  name=$1 default=$2
  read_value "$name"
  shift
  for choice in "$@"; do
    if [ "${VALUE:-$default}" = "$choice" ]; then
      export "$name=$choice"
      return 0
    fi
  done
  problem "$name" "must be one of: $*"
  export "$name=$VALUE"
}

# read_media_type NAME
read_media_type() {
  read_value "$1"
  [ -z "$VALUE" ] || is_media_type "$VALUE" || problem "$1" 'must be a media type, such as application/json'
  export "$1=$VALUE"
}

# read_form_fields NAME: encoded, as the script requires
read_form_fields() {
  read_value "$1"
  if [ -n "$VALUE" ] && ! is_form "$VALUE"; then
    problem "$1" 'must be form fields, encoded: name=value&name=value'
  elif names_own_field "$VALUE"; then
    problem "$1" 'must not name a field that the gateway sends itself'
  fi
  export "$1=$VALUE"
}

# read_seconds NAME [DEFAULT]: without DEFAULT, that of the script applies
read_seconds() {
  read_value "$1"
  VALUE=${VALUE:-${2:-}}
  [ -z "$VALUE" ] || is_number "$VALUE" "$YEAR_SEC" ||
    problem "$1" "must be a whole number of seconds, at most $YEAR_SEC, without a unit"
  export "$1=$VALUE"
}

# At least one second must be left for the answer.
read_introspection_timeout() {
  read_value INTROSPECTION_TIMEOUT
  [ -z "$VALUE" ] || { is_number "$VALUE" 60 && [ "$VALUE" -gt "$BEFORE_READING_SEC" ]; } ||
    problem INTROSPECTION_TIMEOUT "must be a whole number of seconds from $((BEFORE_READING_SEC + 1)) to 60, without a unit"
  export INTROSPECTION_TIMEOUT="$VALUE"
}

# read_size NAME DEFAULT: as nginx writes sizes
read_size() {
  read_value "$1"
  VALUE=${VALUE:-$2}
  is_number "${VALUE%[kKmMgG]}" 999999999 || problem "$1" 'must be a size: bytes, or a number with k, m or g; 0 for any'
  export "$1=$VALUE"
}

# Sets PUBLIC_RULES as well. Each rule is compared with the path as the client wrote it, so that nginx and the API
# cannot read it as different paths.
read_public_paths() {
  read_value PUBLIC_PATHS
  PUBLIC_RULES=''
  case $VALUE in
    *[!A-Za-z0-9._~/\ -]*) problem PUBLIC_PATHS 'may hold paths of letters, digits and ._~/- only, separated by spaces' ;;
    *)
      for path in $VALUE; do
        check_public_path "$path"
      done
      PUBLIC_RULES=$(print_public_rules "$VALUE")
      ;;
  esac
  export PUBLIC_PATHS="$VALUE" PUBLIC_RULES
}

check_public_path() {
  case $1 in
    /) problem PUBLIC_PATHS 'holds /, which would leave nothing protected' ;;
    *//* | */./* | */../* | */. | */..) problem PUBLIC_PATHS "holds $1, which is not what nginx makes of it" ;;
    /*) ;;
    *) problem PUBLIC_PATHS "holds $1, which does not begin with /" ;;
  esac
}

# A path that ends with / stands for all paths below it whose names need neither decoding nor resolving.
print_public_rules() {
  for path in $1; do
    case $path in
      */) below='(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?' ;;
      *) below='' ;;
    esac
    printf '"~^%s%s(?:[?]|$)" 1; ' "$(echo "$path" | sed 's/[.]/[.]/g')" "$below"
  done
}

read_websocket() {
  read_choice WEBSOCKET off on
  WEBSOCKET_RULE=''
  [ "$WEBSOCKET" = off ] || WEBSOCKET_RULE='websocket websocket;'
  export WEBSOCKET_RULE
}

# read_addresses NAME: addresses and networks, separated by spaces
read_addresses() {
  read_value "$1"
  case $VALUE in
    *[!0-9A-Fa-f.:/\ ]*) problem "$1" 'may hold addresses and networks (10.0.0.0/8) only, separated by spaces' ;;
    *)
      for network in $VALUE; do
        is_network "$network" || problem "$1" "holds $network, which is neither an address nor a network"
      done
      ;;
  esac
  export "$1=$VALUE"
}

# print_each FORMAT WORDS
print_each() {
  for word in $2; do
    # shellcheck disable=SC2059  # a format
    printf "$1" "$word"
  done
}

read_port() {
  read_value "$1"
  is_port "${VALUE:-$2}" || problem "$1" 'must be a port, 1 to 65535'
  export "$1=${VALUE:-$2}"
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
  refuse_secret CLIENT_SECRET secret CLIENT_SECRET_FILE
  read_value CLIENT_SECRET_FILE
  if [ -z "$VALUE" ]; then
    problem CLIENT_SECRET_FILE 'is missing'
  else
    check_filled_file CLIENT_SECRET_FILE
  fi
  export CLIENT_SECRET_FILE="$VALUE"
}

# refuse_secret NAME WHAT FILE
refuse_secret() {
  read_value "$1"
  [ -z "$VALUE" ] ||
    problem "$1" "is not read, since docker inspect shows it: put the $2 into a file, named by $PREFIX$3"
}

# check_filled_file NAME: that $VALUE names a file that can be read and is not empty
check_filled_file() {
  if check_file "$1" && [ ! -s "$VALUE" ]; then
    problem "$1" "names $VALUE, which is empty"
  fi
}

# read_ca_file NAME SCHEME: PEM certificates; by default those of the system
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
        problem "$1" "names $VALUE, which is not there, or lies in a folder that user $(id -u) may not enter: mount it"
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

# read_url NAME EXAMPLE: into URL_SCHEME, URL_NAME (the host), URL_PORT (never empty), URL_HOST (as in the header Host)
# and URL_PATH; succeeds when it is a URL
read_url() {
  read_optional_url "$1" "$2" || return 1
  [ -z "$VALUE" ] || return 0
  problem "$1" 'is missing'
  return 1
}

# read_optional_url NAME EXAMPLE: like read_url; succeeds for an empty value too
read_optional_url() {
  URL_SCHEME='' URL_NAME='' URL_PORT='' URL_HOST='' URL_PATH=''
  read_value "$1"
  if [ -z "$VALUE" ] || split_url; then
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
  # Like every HTTP client (RFC 9110 §7.2): with the port only if it is not the scheme's default.
  [ "$URL_PORT" = "$default_port" ] && URL_HOST=$URL_NAME || URL_HOST=$URL_NAME:$URL_PORT
}

# take_url PREFIX: stores the parts under names with this prefix
take_url() {
  export "$1_SCHEME=$URL_SCHEME" "$1_NAME=$URL_NAME" "$1_PORT=$URL_PORT" "$1_HOST=$URL_HOST"
}

# Finds variables with the prefix that are not read: a misspelt one would protect less than the operator thinks.
find_unknown() {
  unknown=$(list_environment | awk -v prefix="$PREFIX" -v known="$known" -f "$PARTS/unknown_variables.awk")
  [ -z "$unknown" ] || add_problem "$unknown"
}

# NAME=VALUE, one per line, also with the names that a shell drops.
list_environment() {
  tr '\n\000' ' \n' <"/proc/$$/environ"
}

# --- where the servers are ---

# Does what the system's resolver would do, as far as nginx can: nginx asks DNS while it runs, but does not use
# /etc/hosts or search domains.
find_servers() {
  find_server INTROSPECTION_URL "$INTROSPECTION_NAME" "$INTROSPECTION_PORT"
  INTROSPECTION_SERVER=$SERVER INTROSPECTION_FOUND=$FOUND
  find_server UPSTREAM_URL "$UPSTREAM_NAME" "$UPSTREAM_PORT"
  UPSTREAM_SERVER=$SERVER UPSTREAM_FOUND=$FOUND
  SERVER='' FOUND=''
  [ -z "$JWKS_NAME" ] || find_server JWKS_URL "$JWKS_NAME" "$JWKS_PORT"
  JWKS_SERVER=$SERVER JWKS_FOUND=$FOUND
  RESOLVER=''
  case "$INTROSPECTION_SERVER $UPSTREAM_SERVER $JWKS_SERVER" in
    *' resolve'*) RESOLVER="resolver$nameservers valid=${DNS_VALID_SEC}s$(ipv6_of_resolver); resolver_timeout ${DNS_TIMEOUT_SEC}s;" ;;
  esac
  LISTEN_PORT_IPV6='' MANAGEMENT_PORT_IPV6=''
  if [ -e /proc/net/if_inet6 ]; then
    LISTEN_PORT_IPV6="listen [::]:$LISTEN_PORT;" MANAGEMENT_PORT_IPV6="listen [::]:$MANAGEMENT_PORT;"
  fi
  export INTROSPECTION_PATH INTROSPECTION_SERVER UPSTREAM_SERVER JWKS_SERVER RESOLVER LISTEN_PORT_IPV6 MANAGEMENT_PORT_IPV6
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

# Reads /etc/resolv.conf: the servers as nginx writes them, the search domains, and ndots, the number of dots from which
# on a name is first looked up without a search domain (resolv.conf(5)).
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
    '' | *[!0-9A-Fa-f:.]*) ;; # nginx does not accept an address with a zone (fe80::1%eth0)
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

# find_in_dns NAME: sets DNS_NAME, with the search domain with which it was found
find_in_dns() {
  searched=''
  for domain in $search; do
    is_host "${domain%.}" && searched="$searched $1.${domain%.}"
  done
  if [ "$(count_dots "$1")" -ge "$ndots" ]; then names="$1$searched"; else names="$searched $1"; fi
  began_sec=$(date +%s)
  for DNS_NAME in $names; do
    # The dot at the end says that the name is complete: /etc/hosts and search domains are not used.
    ! RES_OPTIONS='timeout:2 attempts:1' getent hosts "$DNS_NAME." >/dev/null || return 0
    # When DNS does not answer, do not wait again for each search domain.
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

# A container without an IPv6 address cannot reach IPv6 addresses, but nginx would try them first.
ipv6_of_resolver() {
  if [ -r /proc/net/if_inet6 ]; then
    while read -r _ _ _ scope _; do
      [ "$scope" != 00 ] || return 0
    done </proc/net/if_inet6
  fi
  echo ' ipv6=off'
}

# --- the report and the written configuration ---

report() {
  say "authorization server: $INTROSPECTION_SCHEME://$INTROSPECTION_HOST$INTROSPECTION_PATH, as client $CLIENT_ID; $INTROSPECTION_FOUND"
  [ -z "$JWKS_NAME" ] || say "its keys: $JWKS_SCHEME://$JWKS_HOST$JWKS_PATH; $JWKS_FOUND"
  say "API: $UPSTREAM_SCHEME://$UPSTREAM_HOST; $UPSTREAM_FOUND"
  say "required scopes: ${REQUIRED_SCOPES:-none}; audience: ${AUDIENCE:-any}; issuer: ${ISSUER:-any}"
  say "without a token: ${PUBLIC_PATHS:-nothing}; trusted proxies: ${TRUSTED_PROXIES:-none}; may purge: ${PURGE_ALLOW:-nobody}"
  [ -z "$MINT_JWKS" ] ||
    say "signs JWTs: $MINT, as $MINT_ISSUER for ${MINT_AUDIENCE:-the audience of each token}; its keys are at $MINT_JWKS"
  [ "$SENDER_CONSTRAINT" = refuse ] ||
    say "tokens bound to a key: $SENDER_CONSTRAINT; DPoP: ${DPOP_ORIGIN:-no}; certificate: ${CALLER_CERTIFICATE_HEADER:-no}"
  report_unprefixed
  [ "$INTROSPECTION_SCHEME" = https ] ||
    say 'the introspection endpoint is http: tokens and the client secret can be read on the way'
  [ "$JWKS_SCHEME" != http ] ||
    say 'the keys of the authorization server are fetched over http: whoever is on the way can replace them'
}

report_unprefixed() {
  for name in $unprefixed; do
    say "$name is not read: its name is $PREFIX$name"
  done
}

# Replaces all words in one pass, so that nothing inside a value is replaced. The lines from `@if NAME` to `@end` are
# left out when that value is empty.
fill_in() {
  awk '
  $1 == "@if" { is_left_out = ENVIRON[$2] == ""; next }
  $1 == "@end" { is_left_out = 0; next }
  !is_left_out {
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
