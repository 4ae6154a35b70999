# For scripts that run strangers' Python programs: each in a virtual environment of its own, made where it is missing.
environments=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)/.build/clients

# environment NAME REQUIREMENT…: makes it whole or not at all.
environment() {
    local folder=$environments/$1
    shift
    [ -e "$folder/whole" ] && return
    rm -rf "$folder" && mkdir -p "$environments" && python3 -m venv "$folder" &&
        "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" && touch "$folder/whole"
}
