/** What the rule of a column becomes when it is told one thing more. */
const AFTER = {
  nullable: {
    required: 'nullable',
    generated: 'nullable generated',
    'generated always': 'nullable generated always',
    fixed: 'nullable fixed',
    'generated fixed': 'nullable generated fixed',
    nullable: 'nullable',
    'nullable generated': 'nullable generated',
    'nullable generated always': 'nullable generated always',
    'nullable fixed': 'nullable fixed',
    'nullable generated fixed': 'nullable generated fixed',
  },
  generated: {
    required: 'generated',
    generated: 'generated',
    'generated always': 'generated always',
    fixed: 'generated fixed',
    'generated fixed': 'generated fixed',
    nullable: 'nullable generated',
    'nullable generated': 'nullable generated',
    'nullable generated always': 'nullable generated always',
    'nullable fixed': 'nullable generated fixed',
    'nullable generated fixed': 'nullable generated fixed',
  },
  generatedAlways: {
    required: 'generated always',
    generated: 'generated always',
    'generated always': 'generated always',
    fixed: 'generated always',
    'generated fixed': 'generated always',
    nullable: 'nullable generated always',
    'nullable generated': 'nullable generated always',
    'nullable generated always': 'nullable generated always',
    'nullable fixed': 'nullable generated always',
    'nullable generated fixed': 'nullable generated always',
  },
  fixed: {
    required: 'fixed',
    generated: 'generated fixed',
    'generated always': 'generated always',
    fixed: 'fixed',
    'generated fixed': 'generated fixed',
    nullable: 'nullable fixed',
    'nullable generated': 'nullable generated fixed',
    'nullable generated always': 'nullable generated always',
    'nullable fixed': 'nullable fixed',
    'nullable generated fixed': 'nullable generated fixed',
  },
} as const

export type AfterRule = typeof AFTER
/** Whether a value must be given, may be `null`, is made by the database, or cannot be changed. */
export type ColumnRule = keyof AfterRule['nullable']

export function ruleAfter(told: keyof AfterRule, rule: ColumnRule): ColumnRule {
  return AFTER[told][rule]
}

export function allowsNull(rule: ColumnRule): boolean {
  return rule.startsWith('nullable')
}
