#!/bin/sh
# `plimsoll check` in CI. Everything is said by environment variables, which the action and the GitLab template set; none is
# needed. Ends with plimsoll's exit code: 1 for findings, 2 for what could not be judged.
#
#   INPUT_PATHS         files and folders, one a line (default: the working directory)
#   INPUT_CONFIG        a configuration file instead of the one that is found
#   INPUT_FAIL_ON       error, warning, info or never
#   INPUT_STRICT        true: show advice, and warnings fail
#   INPUT_BASELINE      a file of findings that do not count
#   INPUT_SINCE         a git revision: only what it does not have counts; needs its history
#   INPUT_SARIF         write SARIF to this file
#   INPUT_CODE_QUALITY  write GitLab's Code Quality to this file
#   INPUT_JUNIT         write JUnit to this file
#   INPUT_ARGUMENTS     more arguments, one a line
set -eu
newline='
'
# Lines become arguments as they are: no globs, no other splitting.
set -f
IFS=$newline

option() {
    if [ -n "$2" ]; then
        arguments=$arguments$newline$1$newline$2
    fi
}

arguments=check
option --config "${INPUT_CONFIG:-}"
option --fail-on "${INPUT_FAIL_ON:-}"
option --baseline "${INPUT_BASELINE:-}"
option --since "${INPUT_SINCE:-}"
case ${INPUT_STRICT:-false} in
    true) arguments=$arguments$newline--strict ;;
    false) ;;
    *) echo "strict is true or false, not $INPUT_STRICT" >&2; exit 2 ;;
esac
option --format human
option --format "${INPUT_SARIF:+sarif=$INPUT_SARIF}"
option --format "${INPUT_CODE_QUALITY:+gitlab=$INPUT_CODE_QUALITY}"
option --format "${INPUT_JUNIT:+junit=$INPUT_JUNIT}"

# shellcheck disable=SC2086 # lines are split on purpose
exec plimsoll $arguments ${INPUT_ARGUMENTS:-} -- ${INPUT_PATHS:-.}
