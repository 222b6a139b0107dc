import { type DType, ELEMENT_TYPE } from '../graph/data.ts'
import { apply, type Op, type Tensor } from '../graph/tensor.ts'

const Cast: Op = {
  type: 'Cast',
  gradient: (dy, { inputs: [x] }) => [cast(dy, x.dtype)],
}

/** Converts a tensor to another type. Conversion to float16 rounds to nearest. */
export const cast = (x: Tensor, dtype: DType): Tensor =>
  apply(Cast, [x], { shape: x.shape, dtype }, { to: ELEMENT_TYPE[dtype] })
