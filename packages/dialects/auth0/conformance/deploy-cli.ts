/** The vendor's deploy tooling, run as a program runs it: by its `dump` and `deploy`. */
import { createRequire } from 'node:module';
import { CLIENT_ID, CLIENT_SECRET } from '@reeve/testkit';

const require = createRequire(import.meta.url);

/** 7.24.3 stands on the legacy client 3.7.2, 8.44.0 on a current one. */
export type DeployVersion = 7 | 8;

type Options = Readonly<Record<string, unknown>>;
interface Tool {
  dump(options: Options): Promise<void>;
  deploy(options: Options): Promise<void>;
}

interface Logger {
  readonly default: { silent: boolean };
}

const packages: Readonly<Record<DeployVersion, () => { tool: Tool; log: Logger }>> = {
  7: () => ({ tool: require('deploy-cli-7') as Tool, log: require('deploy-cli-7/lib/logger') as Logger }),
  8: () => ({ tool: require('deploy-cli-8') as Tool, log: require('deploy-cli-8/lib/logger') as Logger }),
};

export interface DeployCli {
  /** Exports the tenant as `tenant.yaml`, or as a tree of files, into `folder`. */
  dump(folder: string, format: 'yaml' | 'directory', config?: Options): Promise<void>;
  /** Imports a `tenant.yaml` or a tree of files. */
  deploy(path: string, config?: Options): Promise<void>;
}

export function deployCli(version: DeployVersion, domain: string): DeployCli {
  const { tool, log } = packages[version]();
  log.default.silent = true;
  const access = { AUTH0_DOMAIN: domain, AUTH0_CLIENT_ID: CLIENT_ID, AUTH0_CLIENT_SECRET: CLIENT_SECRET };
  const withAccess = (config: Options) => ({ ...access, ...config });
  return {
    dump: (folder, format, config = {}) => tool.dump({ output_folder: folder, format, config: withAccess(config) }),
    deploy: (path, config = {}) => tool.deploy({ input_file: path, config: withAccess(config) }),
  };
}
