# Bridge, workers, console and migrations: one image, four commands (docker-compose.yml).
# Debian, not Alpine: the Temporal worker's native part is built for glibc.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# npm ci reads these too: they are workspaces. The image itself needs no package of ours, only what the build makes.
COPY contracts/package.json ./contracts/
COPY client/package.json ./client/
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev \
  # Of the Temporal core for five platforms, 150 MB, only this one's is kept.
  && cd node_modules/@temporalio/core-bridge/releases && find . -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM node:24-bookworm-slim
# Certificates for a Temporal, Kafka or SMTP server that is reached by TLS.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# docker build --build-arg NOVA_BUILD_COMMIT=$(git rev-parse --short HEAD)
ARG NOVA_BUILD_COMMIT=unknown
ENV NODE_ENV=production NOVA_BUILD_COMMIT=$NOVA_BUILD_COMMIT
COPY --from=build --chown=1000:1000 /app/node_modules ./node_modules
COPY --from=build --chown=1000:1000 /app/dist ./dist
COPY --from=build --chown=1000:1000 /app/bin ./bin
COPY --from=build --chown=1000:1000 /app/package.json ./
# docker compose --profile app run --rm workers nova status
RUN ln -s /app/bin/nova.cjs /usr/local/bin/nova
# By number: an orchestrator that wants no root cannot see that a name is none.
USER 1000:1000
LABEL org.opencontainers.image.title="Nova side effects" \
      org.opencontainers.image.description="Outbox bridge, workers, console, migrations and operator's commands" \
      org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 8300 9464 9465
CMD ["node", "dist/workers/main.js"]
