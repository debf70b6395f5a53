import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkoutRoot } from '../../dev/stack/paths';

const run = promisify(execFile);

/** A program made of a snippet of docs/sql.md, as a service would have it around the snippet. */
export interface SnippetProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * The one snippet of a language in docs/sql.md, as it stands there.
 * @throws Error when there is none, or more than one
 */
function snippetOf(language: 'python' | 'go' | 'java'): string {
  const page = readFileSync(join(checkoutRoot, 'docs/sql.md'), 'utf8');
  const found = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, code = '']) => code,
  );
  if (found.length !== 1) throw new Error(`docs/sql.md has ${found.length} snippets of ${language}, not one`);
  return found[0] ?? '';
}

/*
 * Each program takes the ids of a post and of its author as arguments. It publishes, and says so; with an author that is no UUID it is
 * refused, and says with which code.
 */

export function pythonProgram(folder: string, python: string): SnippetProgram {
  const file = join(folder, 'snippet.py');
  const indented = snippetOf('python')
    .split('\n')
    .filter((line) => !line.startsWith('import ') && !line.startsWith('from '))
    .map((line) => (line === '' ? '' : `    ${line}`));
  const imports = snippetOf('python')
    .split('\n')
    .filter((line) => line.startsWith('import ') || line.startsWith('from '));
  const program = `
import os, sys
${imports.join('\n')}

DATABASE_URL = os.environ["DATABASE_URL"]
post, author, text = sys.argv[1], sys.argv[2], "from Python"
try:
${indented.join('\n')}
    print("published", event_id)
except psycopg.errors.InvalidParameterValue as error:
    print("refused", error.diag.constraint_name, error.diag.column_name)
`;
  writeFileSync(file, program);
  return { command: python, args: [file] };
}

export async function goProgram(folder: string): Promise<SnippetProgram> {
  const home = join(folder, 'go');
  mkdirSync(home);
  const program = `package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib"
)

func publish(ctx context.Context, db *sql.DB, post, author, text string) error {
${snippetOf('go')}}

func main() {
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		panic(err)
	}
	if err := publish(context.Background(), db, os.Args[1], os.Args[2], "from Go"); err != nil {
		fmt.Println("refused", err)
		return
	}
	fmt.Println("published")
}
`;
  writeFileSync(join(home, 'main.go'), program);
  writeFileSync(
    join(home, 'go.mod'),
    `module example.org/snippet\n\ngo 1.24\n\nrequire github.com/jackc/pgx/v5 v5.7.6\n`,
  );
  await run('go', ['mod', 'tidy'], { cwd: home });
  await run('go', ['vet', './...'], { cwd: home });
  const command = join(home, 'snippet');
  await run('go', ['build', '-o', command, '.'], { cwd: home });
  return { command, args: [] };
}

const driver = 'postgresql-42.7.8';

export async function javaProgram(folder: string): Promise<SnippetProgram> {
  const home = join(folder, 'java');
  mkdirSync(home);
  const program = `
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.UUID;
import org.postgresql.util.PSQLException;

public class Snippet {
  static UUID publish(Connection connection, String json) throws Exception {
    UUID id;
${snippetOf('java')}
    return id;
  }

  public static void main(String[] args) throws Exception {
    var json = "{\\"post_id\\": \\"" + args[0] + "\\", \\"user_id\\": \\"" + args[1] + "\\", \\"caption\\": \\"from Java\\"}";
    try (var connection = DriverManager.getConnection(System.getenv("JDBC_URL"))) {
      System.out.println("published " + publish(connection, json));
    } catch (PSQLException refused) {
      System.out.println("refused " + refused.getSQLState() + " " + refused.getServerErrorMessage().getConstraint());
    }
  }
}
`;
  writeFileSync(join(home, 'Snippet.java'), program);
  const artifact = `org.postgresql:postgresql:${driver.replace('postgresql-', '')}`;
  await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${home}`], {
    cwd: home,
  });
  const jar = join(home, `${driver}.jar`);
  await run('javac', ['-Werror', '-cp', jar, 'Snippet.java'], { cwd: home });
  return { command: 'java', args: ['-cp', `${jar}:${home}`, 'Snippet'] };
}

/** The URL of a database as JDBC takes it. */
export function jdbcUrl(databaseUrl: string): string {
  const { host, pathname, username, password } = new URL(databaseUrl);
  return `jdbc:postgresql://${host}${pathname}?${new URLSearchParams({ user: username, password }).toString()}`;
}
