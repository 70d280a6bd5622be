import { type Check, filesOf } from './source-tree.ts'

/** Words that say nothing of what a file owns: not as its role, which stands last. */
const bannedRoles = /^(util|utils|helper|helpers|common|misc|manager|impl|handler\d+|stuff)$/
const bannedNames = /^(base|core|data|info|process|shared|types|constants|lib)$/

/** A file is named after the one thing that it holds. */
export const checkFileNames: Check = (tree) =>
  [...filesOf(tree, /^(packages|services|scripts|smoke|engine)\/.*\.(ts|mjs)$/)].flatMap(
    ([path]) => {
      const name = path
        .slice(path.lastIndexOf('/') + 1)
        .replace(/^_/, '')
        .replace(/\..*$/, '')
      const role = name.slice(name.lastIndexOf('-') + 1)
      if (!bannedRoles.test(role) && !bannedNames.test(name)) return []
      return [
        { path, line: 1, message: `"${name}" says nothing, name the file after what it holds` },
      ]
    },
  )
