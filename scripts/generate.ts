// Writes every file of the repository that is made from another one. Run by `npm run generate`; CI fails when that
// changes anything.
import { generateOcsf } from './generate-ocsf.ts';

generateOcsf();
