# The gateway, configured by a few variables: docs/docker.md. The base image must have njs 1.0.1 or newer; the build
# stops with any other.
ARG NGINX_IMAGE=nginx:1.31.6-alpine
FROM ${NGINX_IMAGE}
ARG NGINX_IMAGE

# The version is package.json's. Who publishes the image adds source, revision and created: docker build --label ...
LABEL org.opencontainers.image.title="njs-phantom-token" \
      org.opencontainers.image.description="The phantom token pattern on stock nginx: opaque access tokens in, JWTs out" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="${NGINX_IMAGE}"

USER 0:0
COPY docker/ package.json /opt/phantom_token/
RUN sh /opt/phantom_token/check_base.sh >/opt/phantom_token/njs_version
COPY nginx/ dist/phantom_token.js /etc/nginx/phantom_token/
COPY docker/nginx.conf /etc/nginx/nginx.conf
# Makes the files readable by every user, with any umask of the checkout.
RUN chmod -R a+rX /opt/phantom_token /etc/nginx/phantom_token /etc/nginx/nginx.conf

# The user `nginx` in the official images. Any other user works too (--user): files are written only to /tmp.
USER 101:101
EXPOSE 8080
STOPSIGNAL SIGQUIT
# Checks that nginx answers, on the internal port.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD if command -v wget >/dev/null; then wget -q -O /dev/null "http://127.0.0.1:${PHANTOM_TOKEN_MANAGEMENT_PORT:-8090}/health"; \
  else curl -fsS -o /dev/null "http://127.0.0.1:${PHANTOM_TOKEN_MANAGEMENT_PORT:-8090}/health"; fi
ENTRYPOINT ["/bin/sh", "/opt/phantom_token/entrypoint.sh"]
CMD ["nginx", "-e", "stderr", "-g", "daemon off;"]
