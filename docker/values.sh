# Checks of the variables' values: each function returns the result as its status. Read by entrypoint.sh; for busybox's
# shell and dash.
# shellcheck shell=sh

# is_number TEXT MAX: whole, of at most nine digits
is_number() {
  case $1 in
    '' | 0?* | *[!0-9]* | ??????????*) return 1 ;;
  esac
  [ "$1" -le "$2" ]
}

is_port() {
  is_number "$1" 65535 && [ "$1" != 0 ]
}

# is_form TEXT: form fields, encoded as $phantom_token_introspection_parameters requires
is_form() {
  case $1 in
    *[!A-Za-z0-9._~*+=%\&-]* | *% | *%? | *%[!0-9A-Fa-f]* | *%?[!0-9A-Fa-f]*) return 1 ;;
  esac
  rest="$1&"
  while [ -n "$rest" ]; do
    case ${rest%%&*} in
      =* | *=*=* | *%*=*) return 1 ;;
      *=*) rest=${rest#*&} ;;
      *) return 1 ;;
    esac
  done
}

# names_own_field FORM: whether it has a field that the gateway sends itself; RFC 6749 §3.2 allows no field twice
names_own_field() {
  case "&$1" in
    *\&token=* | *\&token_type_hint=* | *\&client_id=* | *\&client_secret=*) ;;
    *\&client_assertion=* | *\&client_assertion_type=*) ;;
    *) return 1 ;;
  esac
}

# is_media_type TEXT: without parameters and weights, which no authorization server is known to need
is_media_type() {
  case $1 in
    */*/* | /* | */ | *[!A-Za-z0-9!#\&^_.+*/-]*) return 1 ;;
    */*) ;;
    *) return 1 ;;
  esac
}

# is_header_name TEXT: nginx does not read a header with other characters
is_header_name() {
  case $1 in
    '' | *[!A-Za-z0-9-]*) return 1 ;;
  esac
}

# names_own_claim NAMES: into OWN_CLAIM, the first name that $phantom_token_mint_claims refuses
names_own_claim() {
  for OWN_CLAIM in $1; do
    case $OWN_CLAIM in
      iss | sub | client_id | azp | scope | aud | iat | exp | nbf | jti | auth_time | acr | amr | cnf) return 0 ;;
      active | token_type | token_use | typ | __proto__ | constructor) return 0 ;;
    esac
  done
  return 1
}

is_network() {
  case $1 in
    */*/*) return 1 ;;
    *:*/*) is_number "${1#*/}" 128 || return 1 ;;
    */*) is_number "${1#*/}" 32 || return 1 ;;
  esac
  case $1 in
    *:*) is_ipv6 "${1%/*}" ;;
    *) is_ipv4 "${1%/*}" ;;
  esac
}

is_ipv4() (
  case $1 in *.) return 1 ;; esac
  IFS=.
  # shellcheck disable=SC2086  # split at the dots
  set -- $1
  [ $# = 4 ] || return 1
  for byte in "$@"; do
    is_number "$byte" 255 || return 1
  done
)

# Does not accept the form that ends in an IPv4 address.
is_ipv6() (
  case $1 in
    *::*::* | *:::* | *[!0-9A-Fa-f:]*) return 1 ;;
    *::*) groups='[0-6]' ;;
    :* | *:) return 1 ;;
    *) groups=8 ;;
  esac
  IFS=:
  count=0
  for group in $1; do
    case $group in
      '') ;;
      ?????*) return 1 ;;
      *) count=$((count + 1)) ;;
    esac
  done
  # shellcheck disable=SC2254  # a pattern
  case $count in $groups) ;; *) return 1 ;; esac
)

is_host() {
  case $1 in
    \[*[!0-9A-Fa-f:.]*\] | \[\]) return 1 ;;
    \[*\]) ;;
    unix) return 1 ;; # nginx would take unix: for a socket
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

is_address() {
  case $1 in
    \[*) ;;
    *[!0-9.]*) return 1 ;;
  esac
}
