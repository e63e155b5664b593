//! From lines of what `helm template` printed back to lines of the template.
//!
//! A line is known where only one line of the template can have made it: first of the whole template, then of what lies
//! between lines that are known already. Text stands in the output as in the template, so a line keeps its indentation, and
//! what it lies in: what a named template put in looks the same, and is told by that.

use std::collections::HashMap;

/// Lines of a template that are looked at for one rendered line, and rounds between known lines.
const CANDIDATES: usize = 64;
const ROUNDS: usize = 4;

/// A line of a template as a pattern.
struct Line<'t> {
    /// Without the blanks around.
    text: &'t str,
    /// Blanks before.
    indent: usize,
    /// What stands around its actions; one where it has none.
    pieces: Vec<&'t str>,
}

/// For each rendered line, counted from 0, the template's line that made it, where that is known.
pub(super) fn align(template: &str, rendered: &[&str]) -> Vec<Option<u32>> {
    let template: Vec<Line<'_>> = template.lines().map(Line::new).collect();
    let rendered: Vec<Line<'_>> = rendered.iter().map(|line| Line::new(line)).collect();
    let mut found: Vec<Option<u32>> = vec![None; rendered.len()];
    let index = Index::new(&template);
    for (line, found) in rendered.iter().zip(&mut found) {
        *found = index.only(&template, line, 0..template.len());
    }
    for _ in 0..ROUNDS {
        if !between(&template, &index, &rendered, &mut found) {
            break;
        }
    }
    let (above_template, above) = (parents(&template), parents(&rendered));
    for line in (0..found.len()).rev() {
        let parent = above[line].and_then(|parent| found[parent]);
        let (Some(parent), Some(source)) = (parent, found[line]) else {
            continue;
        };
        if above_template[source as usize] != Some(parent as usize) {
            found[line] = None;
        }
    }
    found
}

/// For each line the one that it lies in: the nearest above with less before it. Lines of nothing but actions are not looked at.
fn parents(lines: &[Line<'_>]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    lines
        .iter()
        .enumerate()
        .map(|(number, line)| {
            if line.text.is_empty() || line.text.starts_with("{{") || line.text.starts_with('#') {
                return None;
            }
            while open.last().is_some_and(|&above| lines[above].indent >= line.indent) {
                open.pop();
            }
            let parent = open.last().copied();
            open.push(number);
            parent
        })
        .collect()
}

/// Fills in lines that are the only ones possible between their known neighbours. Whether any was found.
fn between(template: &[Line<'_>], index: &Index<'_>, rendered: &[Line<'_>], found: &mut [Option<u32>]) -> bool {
    let mut next: Vec<Option<u32>> = vec![None; found.len()];
    let mut known = None;
    for (slot, found) in next.iter_mut().zip(found.iter()).rev() {
        *slot = known;
        known = found.or(known);
    }
    let (mut any, mut before) = (false, None);
    for ((line, slot), after) in rendered.iter().zip(found.iter_mut()).zip(next) {
        if slot.is_none() {
            let from = before.map_or(0, |line: u32| line as usize + 1);
            let to = after.map_or(template.len(), |line| line as usize);
            // In a loop the template's lines come again: then its neighbours are not in order.
            if from < to {
                *slot = index.only(template, line, from..to);
                any |= slot.is_some();
            }
        }
        before = slot.or(before);
    }
    any
}

/// The template's lines by how they start, up to the first colon, blank or action.
struct Index<'t> {
    by_start: HashMap<&'t str, Vec<u32>>,
}

impl<'t> Index<'t> {
    fn new(template: &[Line<'t>]) -> Self {
        let mut by_start: HashMap<&str, Vec<u32>> = HashMap::new();
        for (number, line) in (0_u32..).zip(template) {
            // A line that starts with an action may become anything: nothing can be told of it.
            let start = line.pieces.first().and_then(|piece| start(piece));
            if let Some(start) = start {
                by_start.entry(start).or_default().push(number);
            }
        }
        Index { by_start }
    }

    /// The one line in a range that a rendered line can have come from.
    fn only(&self, template: &[Line<'_>], rendered: &Line<'_>, range: std::ops::Range<usize>) -> Option<u32> {
        let candidates = self.by_start.get(start(rendered.text)?)?;
        let from = candidates.partition_point(|&line| (line as usize) < range.start);
        let within = candidates.get(from..).unwrap_or_default();
        let within = within.iter().take_while(|&&line| (line as usize) < range.end);
        let mut found = None;
        for (looked_at, &number) in within.enumerate() {
            if looked_at >= CANDIDATES {
                return None;
            }
            let line = template.get(number as usize)?;
            if line.indent == rendered.indent && line.makes(rendered.text) && found.replace(number).is_some() {
                return None;
            }
        }
        found
    }
}

/// How a line starts: to its first colon, or all of a line without one. None where that is nothing.
fn start(line: &str) -> Option<&str> {
    let end = line.find(':').map_or(line.len(), |at| at + 1);
    line.get(..end).filter(|start| start.len() > 1)
}

/// A line cut at its actions.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        pieces.push(&rest[..open]);
        match rest[open..].find("}}") {
            Some(close) => rest = &rest[open + close + 2..],
            None => return pieces,
        }
    }
    pieces.push(rest);
    pieces
}

impl<'t> Line<'t> {
    fn new(line: &'t str) -> Self {
        let text = line.trim();
        Line {
            text,
            indent: line.len() - line.trim_start().len(),
            pieces: pieces(text),
        }
    }

    /// Whether the line can become this one: what stands around its actions stands there, in order.
    fn makes(&self, rendered: &str) -> bool {
        let [first, inner @ .., last] = self.pieces.as_slice() else {
            return self.text == rendered;
        };
        let Some(mut rest) = rendered.strip_prefix(first.trim_end()) else {
            return false;
        };
        for piece in inner {
            match rest.find(piece.trim()) {
                Some(at) => rest = &rest[at + piece.trim().len()..],
                None => return false,
            }
        }
        rest.ends_with(last.trim())
    }
}

/// The path of the one value that a template's line takes from its values, as in `{{ .Values.image.tag | quote }}`.
pub(super) fn value_path(line: &str) -> Option<Vec<&str>> {
    const WORD: &str = ".Values.";
    let actions = line
        .split("{{")
        .skip(1)
        .map(|action| action.split("}}").next().unwrap_or_default());
    let mut paths = actions.flat_map(|action| {
        action.match_indices(WORD).map(|(at, _)| {
            let rest = &action[at + WORD.len()..];
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == '.'));
            rest[..end.unwrap_or(rest.len())].trim_end_matches('.')
        })
    });
    let path = paths.next().filter(|path| !path.is_empty())?;
    paths.all(|other| other == path).then(|| path.split('.').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_only_one_can_have_made_are_known() {
        let template = "\
apiVersion: v1
kind: Service
metadata:
  name: {{ include \"web.fullname\" . }}
  labels:
    {{- include \"web.labels\" . | nindent 4 }}
spec:
  type: {{ .Values.type }}
  ports:
    - port: {{ .Values.port }}
      targetPort: http
      name: http
    {{- if .Values.metrics }}
    - port: 9090
      name: metrics
    {{- end }}
";
        let rendered = "\
apiVersion: v1
kind: Service
metadata:
  name: web
  labels:
    app: web
spec:
  type: ClusterIP
  ports:
    - port: 80
      targetPort: http
      name: http
    - port: 9090
      name: metrics";
        let rendered: Vec<&str> = rendered.lines().collect();
        let found: Vec<i64> = align(template, &rendered)
            .into_iter()
            .map(|line| line.map_or(-1, |line| i64::from(line) + 1))
            .collect();
        // `- port: 9090` is written so; `- port: 80` can only be the other one above it; `name: web` comes before all that.
        assert_eq!(found, [1, 2, 3, 4, 5, -1, 7, 8, 9, 10, 11, 12, 14, 15]);
    }

    #[test]
    fn a_loop_makes_the_same_line_many_times() {
        let template = "{{- range .Values.hosts }}\n- host: {{ . }}\n  path: /\n{{- end }}\n";
        assert_eq!(
            align(template, &["- host: a", "  path: /", "- host: b", "  path: /"]),
            [Some(1), Some(2), Some(1), Some(2)]
        );
    }

    #[test]
    fn what_a_named_template_put_in_is_not_taken_for_a_line_that_looks_the_same() {
        let template = "\
metadata:
  labels:
    {{- include \"web.labels\" . | nindent 4 }}
spec:
  selector:
    app: {{ .Values.app }}
";
        let rendered = "metadata:\n  labels:\n    app: web\nspec:\n  selector:\n    app: web\n";
        let rendered: Vec<&str> = rendered.lines().collect();
        assert_eq!(
            align(template, &rendered),
            [Some(0), Some(1), None, Some(3), Some(4), Some(5)]
        );
        assert_eq!(align(template, &["      app: web"]), [None]);
    }

    #[test]
    fn what_two_lines_can_have_made_is_not_known() {
        assert_eq!(align("a: 1\nb: {{ x }}\na: 1\n", &["a: 1"]), [None]);
        assert_eq!(align("a: {{ x }}\na: {{ y }}\n", &["a: 1"]), [None]);
        assert_eq!(align("{{ x }}\n", &["a: 1"]), [None]);
    }

    #[test]
    fn paths_of_values() {
        assert_eq!(
            value_path("image: {{ .Values.image.tag | quote }}"),
            Some(vec!["image", "tag"])
        );
        assert_eq!(value_path("image: {{ .Values.a }}:{{ .Values.b }}"), None);
        assert_eq!(value_path("a: {{ .Values.a }} {{- .Values.a }}"), Some(vec!["a"]));
        assert_eq!(value_path("a: {{ x }} .Values.b"), None);
        assert_eq!(value_path("a: .Values.b"), None);
    }
}
