/** The floor of token issue: oidc-provider by itself, one client in memory, RS256 access tokens for one resource. */
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';
import { CLIENT_ID, CLIENT_SECRET } from './processes.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const resource = 'https://floor.example/api';
const scope = 'users:read users:write';
const provider = new Provider('http://127.0.0.1', {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' } as never] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope,
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 86_400,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  routes: { token: '/oauth/token' },
});
const server = provider.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as { port: number }).port}`);
});
process.on('SIGTERM', () => process.exit(0));
