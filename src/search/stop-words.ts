/**
 * English words that say how a question is asked rather than what it is about. In small collections they may be rare,
 * so that BM25 alone gives them a large weight.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an the of in on at to for from by with and or as is are was were be been do does did has have had how what which ' +
    'who whom whose where when why i you he she it we they me my your his her its our their this that these those can ' +
    'could should will would may might must not there'
  ).split(' '),
)
