// All messages of the files page, in the form of the dashboard's: a language is one more column. `{name}` stands for a
// value; "|" separates singular and plural.

const TABLE = `
key=en=fr

title=Files for Qarnot=Fichiers pour Qarnot
loading=Loading=Chargement
place=Bucket {bucket}=Bucket {bucket}
placeFolder=Bucket {bucket}, folder {folder}=Bucket {bucket}, dossier {folder}
until=This link works until {date}.=Ce lien fonctionne jusqu’au {date}.
readOnly=This link shows files; it cannot change them.=Ce lien montre les fichiers, sans pouvoir les modifier.
left={size} of storage left=Il reste {size} de stockage

upload=Upload=Envoyer
dropHere=Drop files and folders here=Déposez ici des fichiers et des dossiers
chooseFiles=Choose files=Choisir des fichiers
chooseFolder=Choose a folder=Choisir un dossier
tooMuch=These files take {size}, and {left} of the storage are left. Delete something first, or choose fewer files.=Ces fichiers font {size}, et il reste {left} de stockage. Supprimez d’abord quelque chose, ou choisissez moins de fichiers.
tooLarge={path} is larger than this page can send ({size}). Use rclone for it.=« {path} » est plus grand que ce que cette page peut envoyer ({size}). Utilisez rclone.
interrupted=Not finished last time=Inachevé la dernière fois
interruptedText=Choose the same files again: what is there already is not sent again.=Choisissez à nouveau les mêmes fichiers : ce qui est déjà arrivé ne sera pas renvoyé.
discard=Discard=Abandonner
discardFile=Discard {path}=Abandonner {path}

overall={done} of {count} file, {sent} of {size}|{done} of {count} files, {sent} of {size}={done} sur {count} fichier, {sent} sur {size}|{done} sur {count} fichiers, {sent} sur {size}
overallLabel=All files=Tous les fichiers
speedLeft={speed}/s, {time} left={speed}/s, encore {time}
speedOnly={speed}/s
pause=Pause
resume=Resume=Reprendre
cancel=Cancel=Annuler
cancelAll=Cancel all=Tout annuler
cancelFile=Cancel {path}=Annuler {path}
retryFile=Try {path} again=Réessayer {path}
tryAgain=Try again=Réessayer
waiting=Waiting=En attente
sending=Sending=Envoi
retrying=Connection lost: trying again=Connexion perdue : nouvel essai
paused=Paused=En pause
done=Done=Terminé
failed=Failed=Échec
cancelled=Cancelled=Annulé
moreRows={count} more file|{count} more files={count} autre fichier|{count} autres fichiers
allDone=Everything is uploaded.=Tout est envoyé.
someDone={count} file is uploaded; some are not.|{count} files are uploaded; some are not.={count} fichier est envoyé ; certains ne le sont pas.|{count} fichiers sont envoyés ; certains ne le sont pas.
tellTitle=Now tell the assistant=Dites maintenant à l’assistant
tellRoot=I uploaded {count} file to the bucket {bucket}.|I uploaded {count} files to the bucket {bucket}.=J’ai envoyé {count} fichier dans le bucket {bucket}.|J’ai envoyé {count} fichiers dans le bucket {bucket}.
tellFolder=I uploaded {count} file to the bucket {bucket}, under {folder}.|I uploaded {count} files to the bucket {bucket}, under {folder}.=J’ai envoyé {count} fichier dans le bucket {bucket}, sous {folder}.|J’ai envoyé {count} fichiers dans le bucket {bucket}, sous {folder}.
tellOne=I uploaded {path} to the bucket {bucket}.=J’ai envoyé {path} dans le bucket {bucket}.
copy=Copy=Copier
copied=Copied=Copié

files=Files=Fichiers
bucketTop=Top=Racine
name=Name=Nom
size=Size=Taille
modified=Modified=Modifié
folder=Folder=Dossier
empty=Nothing is here yet.=Il n’y a encore rien ici.
more=Show more=Afficher plus
refresh=Refresh=Actualiser
download=Download=Télécharger
downloadFile=Download {path}=Télécharger {path}
downloadAll=Download all as zip=Tout télécharger en zip
previewFile=Preview {path}=Aperçu de {path}
noPreview=This kind of file has no preview.=Ce type de fichier n’a pas d’aperçu.
cutText=This is the beginning of the file.=Voici le début du fichier.
close=Close=Fermer
path=Path=Chemin

problemLink=This link is not complete, or it is not one of this server. Ask the assistant for a new one.=Ce lien est incomplet, ou n’est pas de ce serveur. Demandez-en un autre à l’assistant.
problemExpired=This link has expired. Ask the assistant for a new one; what is uploaded stays.=Ce lien a expiré. Demandez-en un autre à l’assistant ; ce qui est envoyé reste.
problemQuota=The storage of the account is full. Delete what is not needed, then resume.=Le stockage du compte est plein. Supprimez ce qui ne sert plus, puis reprenez.
problemKey=Qarnot does not accept the key of this link any more. Sign in again and ask for a new link.=Qarnot n’accepte plus la clé de ce lien. Reconnectez-vous et demandez un autre lien.
problemRights=This link may not change files. Ask the assistant for one to upload with.=Ce lien ne permet pas de modifier des fichiers. Demandez-en un pour l’envoi.
problemLost=The server cannot be reached.=Le serveur est injoignable.
problemUnreadable=This file cannot be read any more: it was changed, moved or deleted.=Ce fichier ne peut plus être lu : il a été modifié, déplacé ou supprimé.
`;

const [[, ...languages], ...rows] = TABLE.trim()
  .split(/\n+/)
  .map((line) => line.split("="));

/** The languages, the one that others fall back to first. */
export const LANGUAGES = languages;

/** The messages of a language by their key. */
export const messagesIn = (language) =>
  Object.fromEntries(rows.map(([key, ...texts]) => [key, texts[languages.indexOf(language)] || texts[0]]));
