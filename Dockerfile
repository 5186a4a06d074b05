# syntax=docker/dockerfile:1
# Millwright for amd64 and arm64: docker buildx build --platform linux/amd64,linux/arm64 .
# Runs as nobody in particular, on a read-only root with one volume: /data.
FROM node:24-bookworm-slim AS build
ARG TARGETARCH
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit
COPY . .
RUN npm run build \
  && npm prune --omit=dev --no-audit \
  && sh config/docker/prune.sh node_modules "$TARGETARCH"

FROM debian:bookworm-slim
# libstdc++ for Node, ca-certificates for servers' certificates, tini to pass on signals and to reap.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libstdc++6 tini \
  && rm -rf /var/lib/apt/lists/* \
  && mkdir /data && chown 10001:10001 /data
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/README.md ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/config ./config
RUN ln -s /app/dist/bundle/main.js /usr/local/bin/millwright && chmod +x /app/dist/bundle/main.js
ENV NODE_ENV=production HOME=/data MILLWRIGHT_DATA=/data MILLWRIGHT_HTTP_HOST=0.0.0.0
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Asks where the configuration, or the environment, says that the agent listens.
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
  CMD ["millwright", "status", "--health", "--config", "/config/plant.yaml"]
ENTRYPOINT ["tini", "--", "millwright"]
CMD ["run", "--config", "/config/plant.yaml"]
