// Builds the bundle and the licences of what is in it: `node build.mjs [folder]`. The same source and
// lock file give the same bytes; tests/components/test_bundles.py holds that.
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const NAME = "data_table";
const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "..", "static"));

const minifiedStyle = {
  name: "style as text, minified",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await esbuild.transform(readFileSync(path, "utf8"), {
        loader: "css",
        minify: true,
      });
      return { contents: code, loader: "text" };
    });
  },
};

function licences(inputs) {
  const names = new Set();
  for (const path of Object.keys(inputs)) {
    const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) names.add(found[1]);
  }
  const parts = [...names].sort().map((name) => {
    const folder = join(here, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file: it cannot be bundled`);
    const text = readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return `Packages in ${NAME}.js, with their licences.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

const { outputFiles, metafile } = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ["src/main.jsx"],
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome111", "firefox113", "safari16.4"],
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  charset: "ascii",
  legalComments: "none",
  plugins: [minifiedStyle],
  metafile: true,
  write: false,
});
mkdirSync(out, { recursive: true });
writeFileSync(join(out, `${NAME}.js`), outputFiles[0].contents);
writeFileSync(join(out, `${NAME}.licenses.txt`), licences(metafile.inputs));
