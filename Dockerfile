# Bridge, workers and migrations: one image, three commands (docker-compose.yml).
# Debian, not Alpine: the Temporal worker's native part is built for glibc.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# npm ci reads these too: they are workspaces. The image itself needs no package of ours, only what the build makes.
COPY contracts/package.json ./contracts/
COPY client/package.json ./client/
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
# Certificates for a Temporal, Kafka or SMTP server that is reached by TLS.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build --chown=node:node /app/node_modules ./node_modules
COPY --from=build --chown=node:node /app/dist ./dist
COPY --from=build --chown=node:node /app/package.json ./
USER node
CMD ["node", "dist/workers/main.js"]
