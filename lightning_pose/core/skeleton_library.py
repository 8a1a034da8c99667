"""The keypoints and edges of skeletons in common use.

Each entry is the keypoint names, and chains of keypoints that lines join one after the other. Source: rat7m,
rat23 and mouse22 as in DANNCE (Dunn et al. 2021, "Geometric deep learning enables 3D kinematic profiling
across species and environments", doi 10.1038/s41592-021-01106-6); human17 as in Human3.6M; human26 as in
HALPE; coco17 as in COCO.
"""

CHAINS: dict[str, tuple[str, str]] = {
    "mouse22": (
        "EarL EarR Snout SpineF SpineM Tail(base) Tail(mid) Tail(end) ForepawL WristL ElbowL ShoulderL "
        "ForepawR WristR ElbowR ShoulderR HindpawL AnkleL KneeL HindpawR AnkleR KneeR",
        "EarL EarR Snout EarL SpineF EarR, Snout SpineF SpineM Tail(base) Tail(mid) Tail(end), "
        "ForepawL WristL ElbowL ShoulderL SpineF, ForepawR WristR ElbowR ShoulderR SpineF, "
        "HindpawL AnkleL KneeL SpineM, HindpawR AnkleR KneeR SpineM",
    ),
    "rat23": (
        "Snout EarL EarR SpineF SpineM SpineL TailBase ShoulderL ElbowL WristL HandL "
        "ShoulderR ElbowR WristR HandR HipL KneeL AnkleL FootL HipR KneeR AnkleR FootR",
        "EarR Snout EarL EarR, Snout SpineF SpineM SpineL TailBase, "
        "SpineF ShoulderL ElbowL WristL HandL, SpineF ShoulderR ElbowR WristR HandR, "
        "SpineL HipL KneeL AnkleL FootL, SpineL HipR KneeR AnkleR FootR",
    ),
    "rat7m": (
        "HeadF HeadB HeadL SpineF SpineM SpineL Offset1 Offset2 HipL HipR "
        "ElbowL ArmL ShoulderL ShoulderR ElbowR ArmR KneeR KneeL ShinL ShinR",
        "HeadF HeadB HeadL HeadF, HeadL SpineF SpineM SpineL, SpineF Offset1 Offset2 SpineL, "
        "SpineF ShoulderL ElbowL ArmL, SpineF ShoulderR ElbowR ArmR, "
        "SpineL HipL KneeL ShinL, SpineL HipR KneeR ShinR",
    ),
    "human17": (
        "Hip RHip RKnee RFoot LHip LKnee LFoot Spine Thorax Neck Head "
        "LShoulder LElbow LWrist RShoulder RElbow RWrist",
        "Hip RHip RKnee RFoot, Hip LHip LKnee LFoot, Hip Spine Thorax Neck Head, "
        "Thorax LShoulder LElbow LWrist, Thorax RShoulder RElbow RWrist",
    ),
    "human26": (
        "Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee RKnee "
        "LAnkle RAnkle Head Neck Hip LBigToe RBigToe LSmallToe RSmallToe LHeel RHeel",
        "LEar LEye Nose REye REar, Head Nose Neck, "
        "Neck LShoulder LElbow LWrist, Neck RShoulder RElbow RWrist, "
        "LShoulder LHip RHip RShoulder, LHip Hip RHip, LHip LKnee LAnkle LHeel, RHip RKnee RAnkle RHeel, "
        "LAnkle LBigToe LSmallToe, RAnkle RBigToe RSmallToe",
    ),
    "coco17": (
        "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
        "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle",
        "left_ear left_eye nose right_eye right_ear, left_shoulder right_shoulder, left_hip right_hip, "
        "left_shoulder left_elbow left_wrist, right_shoulder right_elbow right_wrist, "
        "left_shoulder left_hip left_knee left_ankle, right_shoulder right_hip right_knee right_ankle, "
        "left_ear left_shoulder, right_ear right_shoulder",
    ),
}
