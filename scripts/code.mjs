// `npm run code`: opens a real VS Code in the browser, with the extension as it is built now, on a copy of examples/.
// `npm run code -- FOLDER` opens another folder, itself and not a copy. Ends with Ctrl+C.
// @ts-check
import { installDependencies } from './lib/install.mjs';
import { announce, exitStatusOf, run, runScript } from './lib/process.mjs';
import { installVsCodeServer } from './lib/vscodeServer.mjs';

runScript(async () => {
  await installDependencies();
  await installVsCodeServer();
  announce('Building');
  await run('npm', ['run', '--silent', 'build']);
  // What needs installed packages is TypeScript, run by tsx.
  return exitStatusOf(process.execPath, ['--import', 'tsx', 'scripts/openCode.ts', ...process.argv.slice(2)]);
});
