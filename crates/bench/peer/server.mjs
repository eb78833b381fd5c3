// node-oidc-provider, set up to do what informer-oauth does: rotated refresh tokens, PKCE, introspection, device codes.
//
//   node server.mjs                     on a map of this process
//   PEER_REDIS_URL=redis://… node …     on Redis
//   PEER_ACCESS_TOKENS=jwt | opaque     signed with ES256, or looked up (the default of the product)
//
// GET /bench/codes?client=…&count=… makes authorization codes that a user has consented to, one a line.

import { createServer } from "node:http";
import { generateKeyPairSync, randomBytes } from "node:crypto";

import Redis from "ioredis";
import Provider from "oidc-provider";

import { mapAdapter } from "./map-adapter.mjs";
import { redisAdapter } from "./redis-adapter.mjs";

const REDIRECT_URI = "https://app.example/callback";
const RESOURCE = "urn:example:api";
const SCOPE = "read:dataset";
const DAY = 24 * 60 * 60;
const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

const redisUrl = process.env.PEER_REDIS_URL;
const jwt = process.env.PEER_ACCESS_TOKENS === "jwt";
const adapter = redisUrl
  ? redisAdapter(new Redis(redisUrl, { enableAutoPipelining: true }), `peer-${randomBytes(6).toString("hex")}:`)
  : mapAdapter();

const client = (id, method) => ({
  client_id: id,
  redirect_uris: [REDIRECT_URI],
  response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token", DEVICE_CODE],
  scope: SCOPE,
  id_token_signed_response_alg: "ES256",
  token_endpoint_auth_method: method,
  ...(method === "none" ? {} : { client_secret: "a-secret-of-the-bench" }),
});

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

// The issuer must be known before there is a port.
const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  adapter,
  clients: [client("public", "none"), client("confidential", "client_secret_basic")],
  clientAuthMethods: ["none", "client_secret_basic"],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "bench" }] },
  cookies: { keys: ["a key of the bench"] },
  scopes: [SCOPE],
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  pkce: { required: () => true },
  ttl: {
    AccessToken: 900,
    AuthorizationCode: 600,
    DeviceCode: 1800,
    Grant: 30 * DAY,
    RefreshToken: 30 * DAY,
    IdToken: 900,
    Interaction: 900,
    Session: DAY,
  },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async (_ctx, asking, token) => token.clientId === asking.clientId },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: jwt,
      defaultResource: async () => RESOURCE,
      useGrantedResource: async () => true,
      getResourceServerInfo: async () => ({
        scope: SCOPE,
        audience: RESOURCE,
        accessTokenFormat: "jwt",
        accessTokenTTL: 900,
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});
provider.on("server_error", (_ctx, error) => console.error(error));

async function makeCode(clientId, codeChallenge) {
  const accountId = "admin";
  const grant = new provider.Grant({ accountId, clientId });
  if (jwt) grant.addResourceScope(RESOURCE, SCOPE);
  else grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  const code = new provider.AuthorizationCode({
    accountId,
    client: await provider.Client.find(clientId),
    codeChallenge,
    codeChallengeMethod: "S256",
    grantId,
    gty: "authorization_code",
    redirectUri: REDIRECT_URI,
    scope: SCOPE,
    ...(jwt ? { resource: RESOURCE } : {}),
  });
  return code.save();
}

const answer = provider.callback();
server.on("request", async (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname !== "/bench/codes") {
    answer(request, response);
    return;
  }
  const [clientId, challenge] = [url.searchParams.get("client"), url.searchParams.get("challenge")];
  const making = Array.from({ length: Number(url.searchParams.get("count")) }, () => makeCode(clientId, challenge));
  const body = (await Promise.all(making)).join("\n");
  response.writeHead(200, { "content-length": Buffer.byteLength(body) }).end(body);
});
console.log(`listening on ${issuer}`);
