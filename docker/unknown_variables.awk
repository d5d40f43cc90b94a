# Reads lines NAME=VALUE. Prints a problem for each name that begins with `prefix`, in capital or small letters, and is
# not in `known` (names separated by spaces), with the most similar known name.

BEGIN {
    known_count = split(known, known_names, " ")
    for (i = 1; i <= known_count; i++) {
        is_known[known_names[i]] = 1
    }
}

{
    name = $0
    sub(/=.*/, "", name)
    value = substr($0, length(name) + 2)
    if (index(toupper(name), prefix) == 1 && !(name in is_known) && !is_service_link(name, value)) {
        print_problem(name)
    }
}

# Whether it is a variable that Kubernetes sets for a Service whose name begins like our variables.
function is_service_link(name, value) {
    return name ~ /_SERVICE_(HOST|PORT)$/ || name ~ /_SERVICE_PORT_/ || name ~ /_PORT_[0-9]+_(TCP|UDP|SCTP)/ ||
        name ~ /_PORT$/ && value ~ /^(tcp|udp|sctp):/
}

function print_problem(name,    nearest) {
    nearest = find_nearest(toupper(name))
    gsub(/[^A-Za-z0-9_]/, "?", name)
    printf "%s%s is unknown%s", separator, name, nearest == "" ? "" : ": did you mean " nearest "?"
    separator = "\n  "
}

function find_nearest(name,    i, changes, fewest, nearest) {
    fewest = 4
    for (i = 1; i <= known_count; i++) {
        changes = count_changes(name, known_names[i])
        if (changes < fewest) {
            fewest = changes
            nearest = known_names[i]
        }
    }
    return nearest
}

# The Levenshtein distance.
function count_changes(from, to,    row, i, j, diagonal, above) {
    for (j = 0; j <= length(to); j++) {
        row[j] = j
    }
    for (i = 1; i <= length(from); i++) {
        diagonal = row[0]
        row[0] = i
        for (j = 1; j <= length(to); j++) {
            above = row[j]
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (substr(from, i, 1) != substr(to, j, 1)))
            diagonal = above
        }
    }
    return row[length(to)]
}

function least(a, b, c) {
    return a < b ? (a < c ? a : c) : (b < c ? b : c)
}
