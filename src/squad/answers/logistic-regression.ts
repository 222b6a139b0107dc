/** Logistic regression by penalized maximum likelihood. */

export interface Observation {
  readonly features: readonly number[]
  readonly happened: boolean
  /** Weight of the observation (default: 1). */
  readonly weight?: number
}

/** A fitted model: P(event) = sigmoid(intercept + sum of coefficient * feature). */
export interface LogisticModel {
  readonly intercept: number
  readonly coefficients: readonly number[]
}

export interface LogisticOptions {
  /** Features that may only increase the probability. A negative coefficient is replaced by 0. */
  readonly increasing?: readonly number[]
  /** Strength of the penalty on the squared coefficients of the standardized features (default: 1). */
  readonly ridge?: number
}

export const logistic = (x: number): number => 1 / (1 + Math.exp(-x))

export const predictLogistic = ({ intercept, coefficients }: LogisticModel, features: readonly number[]): number =>
  logistic(coefficients.reduce((sum, coefficient, i) => sum + coefficient * features[i], intercept))

/**
 * Fits a model by Newton's method on standardized features. The result is deterministic and unique. Half an event and
 * half a non-event with average features are added, so that the model never predicts certainty.
 */
export function fitLogistic(observations: readonly Observation[], options: LogisticOptions = {}): LogisticModel {
  const { increasing = [], ridge = 1 } = options
  const width = observations[0].features.length
  let used = Array.from({ length: width }, (_, i) => i)
  for (;;) {
    const model = fitFeatures(observations, used, ridge)
    const worst = used
      .filter((feature) => increasing.includes(feature) && model.scaled.get(feature)! < 0)
      .sort((a, b) => model.scaled.get(a)! - model.scaled.get(b)!)
      .at(0)
    if (worst === undefined) return model.unscaled(width)
    used = used.filter((feature) => feature !== worst)
  }
}

function fitFeatures(observations: readonly Observation[], used: readonly number[], ridge: number) {
  const weights = observations.map(({ weight = 1 }) => weight)
  const total = weights.reduce((a, b) => a + b, 0)
  const mean = (of: (observation: Observation) => number) =>
    observations.reduce((sum, observation, i) => sum + weights[i] * of(observation), 0) / total
  const means = used.map((feature) => mean(({ features }) => features[feature]))
  // The standardized value of a constant feature is 0.
  const scales = used.map(
    (feature, i) => Math.sqrt(mean(({ features }) => (features[feature] - means[i]) ** 2)) || Number.POSITIVE_INFINITY,
  )
  const rows = observations.map(({ features }) => [
    1,
    ...used.map((feature, i) => (features[feature] - means[i]) / scales[i]),
  ])
  const average = [1, ...used.map(() => 0)]
  const [intercept, ...slopes] = minimize({
    rows: [...rows, average, average],
    targets: [...observations.map(({ happened }) => Number(happened)), 0, 1],
    weights: [...weights, 0.5, 0.5],
    ridge,
  })
  return {
    scaled: new Map(used.map((feature, i) => [feature, slopes[i]])),
    unscaled: (width: number): LogisticModel => ({
      intercept: slopes.reduce((sum, slope, i) => sum - (slope * means[i]) / scales[i], intercept),
      coefficients: Array.from({ length: width }, (_, feature) => {
        const i = used.indexOf(feature)
        return i < 0 ? 0 : slopes[i] / scales[i]
      }),
    }),
  }
}

interface RegressionProblem {
  /** Rows of features, each starting with a 1 for the intercept. */
  readonly rows: readonly (readonly number[])[]
  readonly targets: readonly number[]
  readonly weights: readonly number[]
  /** Penalty on every coefficient except the intercept. */
  readonly ridge: number
}

function minimize(problem: RegressionProblem): number[] {
  let solution = problem.rows[0].map(() => 0)
  let loss = penalizedLoss(problem, solution)
  for (let iteration = 0; iteration < 100; iteration++) {
    const step = newtonStep(problem, solution)
    // A full step may overshoot, so it is halved until the loss decreases.
    let size = 1
    let next = solution
    let nextLoss = Number.POSITIVE_INFINITY
    for (; size > 1e-6 && !(nextLoss <= loss); size /= 2) {
      next = solution.map((value, i) => value + size * step[i])
      nextLoss = penalizedLoss(problem, next)
    }
    if (!(nextLoss <= loss)) break
    solution = next
    loss = nextLoss
    if (step.every((change) => Math.abs(change) < 1e-10)) break
  }
  return solution
}

const logit = (row: readonly number[], solution: readonly number[]): number =>
  row.reduce((sum, x, i) => sum + x * solution[i], 0)

/** Negative log-likelihood plus the penalty. */
function penalizedLoss({ rows, targets, weights, ridge }: RegressionProblem, solution: readonly number[]): number {
  const penalty = solution.reduce((sum, value, i) => (i === 0 ? 0 : sum + (ridge * value * value) / 2), 0)
  return rows.reduce((sum, row, n) => {
    const x = (2 * targets[n] - 1) * logit(row, solution)
    return sum + weights[n] * (Math.max(0, -x) + Math.log1p(Math.exp(-Math.abs(x))))
  }, penalty)
}

/** The Newton step: minus the inverse Hessian of the penalized loss times its gradient. */
function newtonStep({ rows, targets, weights, ridge }: RegressionProblem, solution: readonly number[]): number[] {
  const penalty = (i: number) => (i === 0 ? 0 : ridge)
  const gradient = solution.map((value, i) => penalty(i) * value)
  const hessian = solution.map((_, i) => solution.map((_, j) => (i === j ? penalty(i) : 0)))
  for (const [n, row] of rows.entries()) {
    const p = logistic(logit(row, solution))
    for (let i = 0; i < row.length; i++) {
      gradient[i] += weights[n] * (p - targets[n]) * row[i]
      for (let j = 0; j < row.length; j++) hessian[i][j] += weights[n] * p * (1 - p) * row[i] * row[j]
    }
  }
  return solvePositiveDefinite(
    hessian,
    gradient.map((g) => -g),
  )
}

/** Gaussian elimination, which needs no pivoting for a positive definite matrix. */
function solvePositiveDefinite(matrix: readonly (readonly number[])[], vector: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, vector[i]])
  const size = rows.length
  for (let i = 0; i < size; i++)
    for (let j = i + 1; j < size; j++) {
      const factor = rows[j][i] / rows[i][i]
      for (let k = i; k <= size; k++) rows[j][k] -= factor * rows[i][k]
    }
  const solution = new Array<number>(size).fill(0)
  for (let i = size - 1; i >= 0; i--) {
    const known = solution.reduce((sum, x, j) => (j > i ? sum + rows[i][j] * x : sum), 0)
    solution[i] = (rows[i][size] - known) / rows[i][i]
  }
  return solution
}
