// The surroundings in which two controllers for Kubernetes put our snippets: the directives around them that could collide
// with ours, in the same order. Written for these tests after their templates, of NGINX Ingress Controller 5.5.4
// (internal/configs/version1) and NGINX Gateway Fabric 2.6.7 (internal/controller/nginx); only what matters here.

export interface Snippets {
  readonly http: string;
  readonly server: string;
  readonly location: string;
}

/** A script of the controller's own, beside which ours is loaded. */
export const CONTROLLER_SCRIPT = `
function hash(r) { return r.headersIn['x-api-key'] || ''; }
function redirect(r) { r.internalRedirect('/_ngf-internal-rule0-route0'); }
export default { hash, redirect };
`;

export interface Extra {
  /** Lines of the location above the snippet, such as those of an annotation. */
  readonly aboveSnippet?: string;
  /** Lines at the end of the location. */
  readonly belowAll?: string;
}

/** An Ingress with TLS left out: its directives stand above the server snippet and do not depend on it. */
export function ingressController(
  { http, server, location }: Snippets,
  { aboveSnippet = '', belowAll = '' }: Extra = {},
): string {
  return `load_module modules/ngx_http_js_module.so;
events {}
http {
    default_type application/octet-stream;
    map_hash_max_size 2048;
    map_hash_bucket_size 256;
    js_import apikey_auth from controller.js;
    js_set $apikey_auth_hash apikey_auth.hash;
    ${http}
    map $upstream_trailer_grpc_status $grpc_status { default $upstream_trailer_grpc_status; "" $sent_http_grpc_status; }
    keepalive_timeout 75s;
    server_names_hash_max_size 1024;
    server_names_hash_bucket_size 256;
    variables_hash_bucket_size 256;
    variables_hash_max_size 1024;
    map $request_uri $request_uri_no_args { "~^(?P<path>[^?]*)(\\?.*)?$" $path; }
    map $http_upgrade $connection_upgrade { default upgrade; "" close; }
    map $http_upgrade $vs_connection_header { default upgrade; "" $default_connection_header; }
    server {
        set $default_connection_header "";
        set $resource_type "";
        listen 8090;
        return 404;
    }
    upstream default-api-api.example.com-api-8082 { zone default-api 256k; random two least_conn; server 127.0.0.1:8082 max_fails=1; }
    server {
        listen 8080;
        server_tokens "on";
        server_name api.example.com;
        set $resource_type "ingress";
        set $resource_name "api";
        set $resource_namespace "default";
        set $service "-";
        set $hsts_header_val "";
        proxy_hide_header Strict-Transport-Security;
        if ($https = on) { set $hsts_header_val "max-age=2592000; preload"; }
        add_header Strict-Transport-Security "$hsts_header_val" always;
        if ($http_x_forwarded_proto = 'http') { return 301 /with-tls; }
        ${server}
        location /api/ {
            set $service "api";
            ${aboveSnippet}
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            ${location}
            proxy_connect_timeout 60s;
            proxy_read_timeout 60s;
            proxy_send_timeout 60s;
            client_max_body_size 1m;
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_buffering on;
            proxy_pass http://default-api-api.example.com-api-8082;
            ${belowAll}
        }
    }
}
`;
}

/**
 * A rule that matches by path alone is one location. A rule that matches headers too is a location whose script redirects
 * to an internal one, and the snippet stands there.
 */
export function gatewayFabric(
  { http, server, location }: Snippets,
  matches: 'path' | 'headers',
  { belowAll = '' }: Extra = {},
): string {
  const protectedLocation = `
            ${location}
            ${belowAll}
            proxy_http_version 1.1;
            proxy_set_header Host "$gw_api_compliant_host";
            proxy_set_header X-Forwarded-For "$proxy_add_x_forwarded_for";
            proxy_set_header X-Forwarded-Proto "$scheme";
            proxy_set_header Upgrade "$http_upgrade";
            proxy_set_header Connection "$connection_upgrade";
            proxy_pass http://default_api_8082$request_uri;`;
  const locations =
    matches === 'path'
      ? `location /api/ {${protectedLocation}
        }`
      : `location /api/ {
            set $match_key 1_0;
            js_content httpmatches.redirect;
        }
        location /_ngf-internal-rule0-route0 {
            internal;${protectedLocation}
        }`;
  return `load_module modules/ngx_http_js_module.so;
events {}
http {
    js_import httpmatches from controller.js;
    default_type application/octet-stream;
    proxy_headers_hash_bucket_size 512;
    proxy_headers_hash_max_size 1024;
    server_names_hash_bucket_size 512;
    server_names_hash_max_size 1024;
    variables_hash_bucket_size 512;
    variables_hash_max_size 1024;
    map_hash_bucket_size 512;
    map_hash_max_size 2048;
    map $http_host $gw_api_compliant_host { "" $host; default $http_host; }
    map $http_upgrade $connection_upgrade { default upgrade; "" close; }
    map $request_uri $request_uri_path { "~^(?P<path>[^?]*)(\\?.*)?$" $path; }
    server { listen 8090; location = /readyz { access_log off; return 200; } }
    ${http}
    server_tokens on;
    js_preload_object matches from matches.json;
    upstream default_api_8082 { random two least_conn; zone default_api_8082 512k; server 127.0.0.1:8082; keepalive 16; }
    server {
        listen 8080;
        server_name api.example.com;
        ${server}
        ${locations}
    }
}
`;
}
