import type { Draws } from './draws.ts'

/** The split in which a name is used. Every invented stem belongs to exactly one split. */
export type SplitName = 'pretraining' | 'train' | 'validation'

export type Gender = 'female' | 'male'

export interface Person {
  readonly kind: 'person'
  readonly name: string
  readonly surname: string
  readonly gender: Gender
}

export interface Town {
  readonly kind: 'town'
  readonly name: string
}

export interface Firm {
  readonly kind: 'firm'
  readonly name: string
}

export type Entity = Person | Town | Firm

const words = (text: string): string[] => text.split(' ')
/** Parses the parts of stems; `-` denotes an empty part. */
const parts = (...columns: string[]): string[][] => columns.map((c) => words(c).map((w) => (w === '-' ? '' : w)))

const given = 'A Be Da E Fe Ga Ha I Jo Ka Le Ma Ne O Pe Ra Sa Te U Vi Wi Yo Ze Bri Cla Tho Ste'
const givenMiddle = 'l r n m d ri li na ve sti ro lo mi do ra'
const stems = {
  female: parts(given, givenMiddle, 'a ia ine elle ene isa ea ina'),
  male: parts(given, givenMiddle, 'o us an er in ek or is'),
  surname: parts(
    'Bran Cor Dal El Far Gal Hal Ister Jar Kel Lor Mar Nor Ost Pel Quin Ras Sel Tor Ul Vel Wen Yar Zan Brem Dren Grim Hol Lind Mor Stav Thal Vor Wil Öst Bé',
    '- a e i o en er in ol am',
    'berg dahl mann ner sen ski ton wick rova strand low ley quist ric dine sett gard etti oux ström',
  ),
  town: parts(
    'Ald Ash Bar Cald Carn Dun Eld Fen Glen Har Kirk Lang Mel Neth Ock Pen Rav Skel Thorn Und Wark Yel Zel Brack Drum Esk Grav Holm Inver Jor Lim Mos Rud Storr Tav',
    '- a e er in o le ing',
    'ford haven mouth stad ville bury field minster bridge wold mere holm port dale hampton grad burg ness well by',
  ),
  firm: parts(
    'Al Bel Cer Dor Ex Fer Gan Hex Im Kor Lum Mel Nov Om Pra Ru Sol Tri Ven Zy',
    '- a e i o',
    'co dex ga lin mar nix pa ra san tex via vo',
  ),
  river: parts(
    'Ab Be Cai Dor E Fli Gre Hu Is Kel Lou Mar Nid Or Pru Sev Tal Ul Wey Yar',
    '- a e i',
    'ck dle ne nt ra sk ss th ver ze',
  ),
} as const

const FIRM_TRADES = words(
  'Ironworks Shipyard Mills Brewery Instruments Press Glassworks Foundry Chemicals Motors Textiles Tools Paper Optics Engines Ceramics',
)

/** Whether a stem belongs to a split. Its hash decides, so that splits never share a stem. */
export function belongsTo(stem: string, split: SplitName): boolean {
  const share = hashText(stem.toLowerCase()) % 10
  return split === 'pretraining' ? share < 4 : split === 'train' ? share >= 4 && share < 7 : share >= 7
}

/** Invents people, towns, firms and rivers for one document, without repeating a stem. */
export class Namer {
  private readonly used = new Set<string>()

  constructor(
    private readonly random: Draws,
    private readonly split: SplitName,
  ) {}

  person(): Person {
    const gender: Gender = this.random.chance(0.5) ? 'female' : 'male'
    const surname = this.stem('surname')
    return { kind: 'person', name: `${this.stem(gender)} ${surname}`, surname, gender }
  }

  town(): Town {
    const stem = this.stem('town')
    return {
      kind: 'town',
      name: this.random.chance(0.12) ? `${this.random.pick(words('Port New Upper Old'))} ${stem}` : stem,
    }
  }

  firm(): Firm {
    const trade = this.random.pick(FIRM_TRADES)
    const shape = this.random.uniform()
    if (shape < 0.25) return { kind: 'firm', name: `${this.stem('surname')} & Sons` }
    return { kind: 'firm', name: `${this.stem(shape < 0.6 ? 'surname' : 'firm')} ${trade}` }
  }

  river(): string {
    return this.stem('river')
  }

  private stem(kind: keyof typeof stems): string {
    for (;;) {
      const stem = stems[kind]
        .map((column) => this.random.pick(column))
        .join('')
        .replace(/([aeiou])\1/g, '$1')
      if (this.used.has(stem) || !belongsTo(stem, this.split)) continue
      this.used.add(stem)
      return stem
    }
  }
}

/** 32-bit FNV-1a hash over UTF-16 units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
