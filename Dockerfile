# spanforge serve in a container: see docs/deployment.md.
#   docker build -t spanforge .
#   docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD/out:/model:ro" spanforge

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
# .dockerignore lists what is copied.
COPY . .
RUN npm run -s setup \
 && npm prune --omit=dev \
 && rm -rf node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/starter starter
RUN ln -s /app/dist/cli/main.js /usr/local/bin/spanforge
USER node
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8000/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["spanforge"]
CMD ["serve", "/model", "--host", "0.0.0.0"]
