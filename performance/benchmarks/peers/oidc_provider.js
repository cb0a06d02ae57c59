// node-oidc-provider behind mutual TLS, the client known by its certificate (RFC 8705, tls_client_auth)
// and given JWTs by the in-memory adapter that comes with it: `node oidc_provider.js CERTS CLIENT_CA`;
// prints its port.
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import Provider from 'oidc-provider';

const [certs, clientCa] = process.argv.slice(2);
const read = (name) => readFileSync(join(certs, name));
const signingKey = createPrivateKey(read('signing.key')).export({ format: 'jwk' });

const provider = new Provider('https://localhost', {
  jwks: { keys: [{ ...signingKey, alg: 'ES256', use: 'sig' }] },
  clients: [
    {
      client_id: 'svc-demo',
      grant_types: ['client_credentials'],
      id_token_signed_response_alg: 'ES256',
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'svc-demo',
    },
  ],
  clientAuthMethods: ['tls_client_auth'],
  scopes: ['ilservices'],
  ttl: { ClientCredentials: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    mTLS: {
      enabled: true,
      tlsClientAuth: true,
      getCertificate: (ctx) => ctx.socket.getPeerX509Certificate(),
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, _, name) => ctx.socket.getPeerCertificate().subject.CN === name,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:mock-sei:benchmark',
      getResourceServerInfo: () => ({
        scope: 'ilservices',
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

const settings = {
  cert: read('server.pem'),
  key: read('server.key'),
  ca: readFileSync(clientCa),
  requestCert: true,
  rejectUnauthorized: true,
};
const server = createServer(settings, provider.callback());
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
