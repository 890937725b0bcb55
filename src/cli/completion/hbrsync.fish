# Completion of hbrsync for fish; what can be completed is for libexec/hbrsync/complete to say.
function __hbrsync_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (command -s $words[1]); or return
    set -e words[1]
    set -l helper (dirname (realpath $program))/../libexec/hbrsync/complete
    set -l lines ($helper $program $words "$current" 2>/dev/null)
    if test "$lines[1]" = :files
        set -l option (string match -r -- '^--[a-z-]+=' "$current")
        for path in (__fish_complete_path (string replace -- "$option" '' "$current"))
            printf '%s\n' "$option$path"
        end
    else
        printf '%s\n' $lines
    end
end
complete -c hbrsync -f -a '(__hbrsync_complete)'
