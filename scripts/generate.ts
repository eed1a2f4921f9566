// Writes every file of the repository that is made from another one. Run by `npm run generate`; CI fails when that
// changes anything.
import { generateDocs } from './generate-docs.ts';
import { generateOcsf } from './generate-ocsf.ts';

generateOcsf();
await generateDocs();
