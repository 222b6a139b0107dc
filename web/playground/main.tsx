import { httpBackend } from './http-backend.ts'
import { startPage } from './start-page.tsx'

await startPage(httpBackend)
