/** `auth0-deploy-cli` 7.24.3 exports and imports a tenant. */
import { describeDeployCli } from './deploy-cli.suite.ts';

describeDeployCli(7);
