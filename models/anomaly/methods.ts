import type { MethodName } from './config.ts'
import { hotellingT2 } from './hotelling-t2.ts'
import type { Method } from './method.ts'
import { autoencoder } from './network.ts'
import { pca } from './pca.ts'

/** Every method, the default one first. */
export const methods: Readonly<Record<MethodName, Method>> = { 'hotelling-t2': hotellingT2, pca, autoencoder }
