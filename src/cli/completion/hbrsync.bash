# Completion of hbrsync for bash; what can be completed is for libexec/hbrsync/complete to say.
# shellcheck shell=bash
_hbrsync() {
    local program=${1/#\~/$HOME} helper rest=$COMP_LINE words=() word before i
    program=$(type -P "$program") || return
    helper=$(readlink -f "$program")
    helper=${helper%/*}/../libexec/hbrsync/complete
    # Bash breaks words at "=" and ":", too: put together what no blank is between.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        before=${rest%%"$word"*}
        rest=${rest#"$before$word"}
        if ((i > 0)) && [[ -z $before && -n $word ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
    done
    local current=${words[${#words[@]} - 1]} typed=$2
    [[ $typed == [=:] ]] && typed=""
    before=${current%"$typed"} # this part of it bash leaves alone
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        if [[ $word == :files ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$typed")
        elif [[ $word == "$current"* ]]; then
            COMPREPLY+=("$(printf '%q' "${word#"$before"}")")
        fi
    done < <("$helper" "$program" "${words[@]:1}" 2>/dev/null)
}
complete -F _hbrsync hbrsync
