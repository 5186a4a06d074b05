import { serve } from '../../processes/serve.ts'
import { work } from './work.ts'

serve(() => Promise.resolve(work))
