#!/bin/sh
# Stops the build of the image when the base image cannot run the gateway.
set -eu

# Before 1.0.1 a handler that fails early lets the request through. 0.9.5 to 0.9.9 have a memory error in subrequests.
readonly NJS_FROM=1.0.1
readonly PORT=8099
readonly END_TIMEOUT_SEC=10

refuse() {
  printf '\nThis base image cannot be used: %s.\nName another: docker build --build-arg NGINX_IMAGE=...\n\n' "$1" >&2
  exit 1
}

number() {
  IFS=. read -r major minor patch <<VERSION
$1
VERSION
  echo $((major * 1000000 + minor * 1000 + ${patch%%[!0-9]*}))
}

# A failure in here does not change the exit status.
clean_up() {
  set +e
  [ ! -s "$folder/nginx.pid" ] || stop_nginx
  rm -rf "$folder" 2>/dev/null
}

# nginx removes its pid file when it ends. Until then it may write to the folder.
stop_nginx() {
  kill "$(cat "$folder/nginx.pid")" 2>/dev/null
  waited_sec=0
  while [ -e "$folder/nginx.pid" ] && [ "$waited_sec" -lt "$END_TIMEOUT_SEC" ]; do
    sleep 1
    waited_sec=$((waited_sec + 1))
  done
}

fetch() {
  wget -q -O - "$1" 2>/dev/null || curl -fsS "$1"
}

for tool in nginx awk getent; do
  command -v "$tool" >/dev/null || refuse "it has no $tool"
done
command -v wget >/dev/null || command -v curl >/dev/null || refuse 'it has neither wget nor curl, for the health check'

folder=$(mktemp -d)
trap clean_up EXIT
cat >"$folder/probe.js" <<'SCRIPT'
function version(r) { r.return(200, njs.version); }
export default { version };
SCRIPT
cat >"$folder/nginx.conf" <<CONF
load_module modules/ngx_http_js_module.so;
master_process off;
pid $folder/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path $folder/client_body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    js_path $folder;
    js_import probe from probe.js;
    server {
        listen 127.0.0.1:$PORT;
        location / { js_content probe.version; }
    }
}
CONF
nginx -e stderr -c "$folder/nginx.conf" || refuse 'its nginx does not start with the njs module (nginx-module-njs)'
version=$(fetch "http://127.0.0.1:$PORT/") || refuse 'its nginx does not answer'

[ "$(number "$version")" -ge "$(number "$NJS_FROM")" ] || refuse "it has njs $version, and $NJS_FROM or newer is needed"
echo "njs $version"
