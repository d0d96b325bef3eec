/** Returns every statement except imports, types and exports of names. */
export async function typescriptStatements(source, file) {
  const { default: ts } = await import('typescript');
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    const isStatement = ts.isStatement(node) && !ts.isBlock(node);
    const isDeclaration =
      ts.isImportDeclaration(node) ||
      ts.isExportDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node);
    if (isDeclaration) return;
    if (isStatement || ts.isCaseClause(node)) found.push({ start: node.getStart(), end: node.getEnd(), replacement: '' });
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(tree, visit);
  return found;
}
